//! What a plugin uses is counted, and found in the rendered metrics.

use std::time::Duration;

use forebay_plugins_runtime::Limits;
use forebay_tests_guests::{World, batch, process};
use serde_json::json;

const HOSTILE: (&str, &str) = ("plugin", "hostile");
const ECHO: (&str, &str) = ("plugin", "echo");

#[tokio::test]
async fn calls_are_counted_by_plugin() {
    let world = World::of(&["echo", "kinds"]).await;
    let mut processor = world.processor("echo", json!({})).await;
    let before = world.metric("plugin_calls_total", &[ECHO]).unwrap();
    for _ in 0..3 {
        process(&mut *processor, batch(&["a"])).await.unwrap();
    }
    assert_eq!(world.metric("plugin_calls_total", &[ECHO]).unwrap() - before, 3.0);
    assert_eq!(world.metric("plugin_calls_total", &[("plugin", "kinds")]), Some(0.0));
    assert_eq!(world.metric("plugin_instances_total", &[ECHO]), Some(1.0));
}

#[tokio::test]
async fn bytes_are_counted_both_ways() {
    let world = World::of(&["echo"]).await;
    let mut processor = world.processor("nothing", json!({})).await;
    let sent = batch(&["a", "b"]);
    let size = u32::try_from(sent.byte_size()).unwrap();
    processor.process(sent.clone()).await.unwrap();
    assert_eq!(world.metric("plugin_bytes_in_total", &[ECHO]), Some(f64::from(size)));
    assert_eq!(world.metric("plugin_bytes_out_total", &[ECHO]), Some(0.0));

    let mut processor = world.processor("echo", json!({})).await;
    processor.process(sent).await.unwrap();
    assert_eq!(world.metric("plugin_bytes_in_total", &[ECHO]), Some(f64::from(size * 2)));
    assert_eq!(world.metric("plugin_bytes_out_total", &[ECHO]), Some(f64::from(size)));
}

#[tokio::test]
async fn an_input_counts_what_it_gives() {
    let world = World::of(&["kinds"]).await;
    let mut input = world.input("kinds_input", json!({"payloads": ["a"]})).await;
    input.read(vec![]).await.unwrap();
    assert!(world.metric("plugin_bytes_out_total", &[("plugin", "kinds")]).unwrap() > 0.0);
}

#[tokio::test]
async fn cpu_time_and_memory_are_counted() {
    let world = World::of(&["echo"]).await;
    let mut processor = world.processor("add", json!({})).await;
    processor.process(batch(&["{}"])).await.unwrap();
    assert!(world.metric("plugin_cpu_nanoseconds_total", &[ECHO]).unwrap() > 0.0);
    let before = world.metric("plugin_memory_high_water_bytes", &[ECHO]).unwrap();
    assert!(before >= f64::from(64 << 10), "{before}");

    let large = format!("{{\"a\":\"{}\"}}", "x".repeat(8 << 20));
    processor.process(batch(&[&large])).await.unwrap();
    let after = world.metric("plugin_memory_high_water_bytes", &[ECHO]).unwrap();
    assert!(after >= before + f64::from(8 << 20), "{before}, then {after}");
}

#[tokio::test]
async fn errors_are_counted_apart_from_traps() {
    let world = World::of(&["hostile"]).await;
    let mut processor = world.processor("misbehave", json!({"mode": "variable"})).await;
    processor.process(batch(&["bad"])).await.unwrap_err();
    assert_eq!(world.metric("plugin_errors_total", &[HOSTILE]), Some(1.0));
    assert_eq!(world.metric("plugin_traps_total", &[HOSTILE]), None);
}

#[tokio::test]
async fn traps_are_counted_by_reason() {
    let limits = Limits { cpu: Duration::from_millis(500), memory: 32 << 20, ..Limits::default() };
    let world = World::limited(&["hostile"], limits).await;
    let modes =
        [("panic", "trap"), ("endless_memory", "memory"), ("endless_loop", "cpu"), ("ends_fall", "contract")];
    for (mode, reason) in modes {
        let mut processor = world.processor("misbehave", json!({"mode": mode})).await;
        for times in [1.0, 2.0] {
            processor.process(batch(&["bad"])).await.unwrap_err();
            assert_eq!(
                world.metric("plugin_traps_total", &[HOSTILE, ("reason", reason)]),
                Some(times),
                "{mode}"
            );
        }
    }
    assert_eq!(world.metric("plugin_errors_total", &[HOSTILE]), Some(0.0));
    assert_eq!(world.metric("plugin_instances_total", &[HOSTILE]), Some(8.0));
}

#[tokio::test]
async fn a_plugin_counts_under_the_labels_of_its_component() {
    let world = World::of(&["waiter"]).await;
    let mut input = world.input("waiter", json!({})).await;
    input.close(vec![]).await;
    let labels =
        [("pipeline", "tests"), ("path", "pipeline.processors.0"), ("label", ""), ("plugin", "waiter")];
    assert_eq!(world.metric("waiter_closed_total", &labels), Some(0.0));
}

#[tokio::test]
async fn a_plugin_does_not_take_a_metric_of_the_host() {
    let world = World::of(&["hostile"]).await;
    let mut processor = world.processor("misbehave", json!({"mode": "metric_of_the_host"})).await;
    processor.process(batch(&["bad"])).await.unwrap_err();
    let rendered = world.metrics.render();
    assert!(rendered.contains("plugin_traps_total{"), "the loss of the plugin was not counted:\n{rendered}");
}
