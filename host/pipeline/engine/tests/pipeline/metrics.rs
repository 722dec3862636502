//! What components are measured by.

use std::sync::Arc;

use forebay_lifecycle::Shutdown;
use forebay_metrics::Value;
use forebay_pipeline_engine::Ended;
use forebay_pipeline_message::Batch;

use crate::scripted::{Script, Step, Write, batch};
use crate::{PLAIN, run_script};

async fn finished(script: &Arc<Script>, yaml: &str) {
    assert_eq!(run_script(script, yaml, Shutdown::new()).await, Ended::Finished);
}

/// What is counted under these names at a path; of timings how many there are.
fn counted<const N: usize>(script: &Script, path: &str, names: [&str; N]) -> [u64; N] {
    let snapshot = script.metrics.snapshot();
    names.map(|name| {
        let family = snapshot.families.iter().find(|family| family.name == name);
        let mut samples = family.iter().flat_map(|family| &family.samples);
        let sample = samples.find(|sample| {
            sample.labels.contains(&("label".into(), String::new()))
                && sample.labels.contains(&("path".into(), path.into()))
        });
        let count = sample.and_then(|sample| match &sample.value {
            Value::Counter(count) => Some(*count),
            Value::Timing(all, _) => Some(all.count()),
            Value::Gauge(_) => None,
        });
        assert!(count.is_some(), "{name} at {path}");
        count.unwrap()
    })
}

const PROCESSOR: [&str; 6] = [
    "processor_received",
    "processor_batch_received",
    "processor_sent",
    "processor_batch_sent",
    "processor_error",
    "processor_latency_ns",
];

const OUTPUT: [&str; 7] = [
    "output_sent",
    "output_batch_sent",
    "output_error",
    "output_latency_ns",
    "output_connection_up",
    "output_connection_failed",
    "output_connection_lost",
];

#[tokio::test]
async fn independent_messages_count_as_batches_of_one() {
    let yaml = PLAIN.replace("{threads: 1}", "{threads: 1, processors: [{script: {drops: a}}]}");
    let one = Batch::from_payloads(["a", "b", "c"].map(Some), false);
    let script = Script::new().arriving([Step::Batch(batch(&["a", "b", "c"])), Step::Batch(one)]);
    finished(&script, &yaml).await;
    let input = ["input_received", "input_latency_ns", "input_connection_up", "input_connection_lost"];
    assert_eq!(counted(&script, "root.input", input), [6, 4, 1, 0]);
    assert_eq!(counted(&script, "root.pipeline.processors.0", PROCESSOR), [6, 4, 4, 3, 0, 4]);
    assert_eq!(counted(&script, "root.output", OUTPUT), [4, 3, 0, 3, 1, 0, 0]);
    assert_eq!(script.metrics.connections().states(), []);
    assert!(script.metrics.render().contains("input_in_flight{label=\"\",path=\"root.input\"} 0\n"));
}

#[tokio::test]
async fn what_fails_and_is_sent_again_is_counted_again() {
    let script =
        Script::new().arriving([Step::Batch(batch(&["a", "b", "c"]))]).writing([Write::Fail(vec![1])]);
    finished(&script, PLAIN).await;
    assert_eq!(counted(&script, "root.input", ["input_received", "input_latency_ns"]), [4, 4]);
    assert_eq!(counted(&script, "root.output", OUTPUT), [3, 3, 1, 3, 1, 0, 0]);
}

#[tokio::test]
async fn connections_that_are_lost_are_counted() {
    let script =
        Script::new().arriving([Step::Batch(batch(&["a"])), Step::Fail]).writing([Write::NotConnected]);
    finished(&script, PLAIN).await;
    assert_eq!(counted(&script, "root.output", OUTPUT), [1, 1, 0, 1, 2, 0, 1]);
    assert_eq!(counted(&script, "root.input", ["input_connection_up", "input_connection_lost"]), [2, 1]);
}

#[tokio::test]
async fn messages_that_are_flagged_are_counted_as_errors() {
    let yaml = PLAIN.replace(
        "{threads: 1}",
        "{threads: 1, processors: [{script: {fails: true}}, {script: {}}, {script: {fails: true}}]}",
    );
    let script = Script::new().arriving([Step::Batch(batch(&["a", "b"]))]);
    finished(&script, &yaml).await;
    let errors =
        |index: u32| counted(&script, &format!("root.pipeline.processors.{index}"), ["processor_error"]);
    assert_eq!([errors(0), errors(1)], [[2], [0]]);
}
