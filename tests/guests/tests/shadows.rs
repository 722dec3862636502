//! Shadows that are plugins: their cost, and that their traps are theirs alone.
#![expect(clippy::unwrap_used, reason = "what tests share is test code too")]

use std::collections::BTreeMap;
use std::sync::Arc;

use forebay_lifecycle::{Shutdown, Threads};
use forebay_pipeline_config::read;
use forebay_pipeline_engine::{Ended, Identity, run};
use forebay_plugins_api::{Components, PipelineName, Rights};
use forebay_tests_guests::{Folder, PIPELINE, Reloading, guest};

/// Sends eight batches through `stamp` with this shadow, which must all be delivered as if it had none. So many
/// may wait for a shadow.
async fn shadowed(processor: &str) -> (Reloading, Folder) {
    let folder = Folder::new();
    let versions = guest("versions").bytes;
    let echo = guest("echo").bytes;
    let files = [("versions.wasm", &versions[..]), ("echo.wasm", &echo)];
    let reloading = Reloading::of(&files, &["versions"], &folder.path().to_string_lossy()).await;
    for number in 0..40 {
        std::fs::write(folder.file(&format!("m-{number:02}")), "").unwrap();
    }
    std::fs::write(folder.file("end"), "").unwrap();
    let text = format!(
        "input: {{numbers: {{folder: {}, at_once: 5}}}}\npipeline: {{threads: 1, processors: [{processor}]}}\n\
         output: {{keep: {{path: {}}}}}\n",
        folder.path().display(),
        folder.file("out")
    );
    let components: Arc<dyn Components> = Arc::new(reloading.world.plugins.clone());
    let config = read("p.yaml", &text, &BTreeMap::<String, String>::new(), &components.catalog()).unwrap();
    let threads = Threads::start("test", 2).unwrap();
    let identity = Identity {
        virtual_cluster: None,
        name: PipelineName::new(PIPELINE),
        file: "p.yaml".into(),
        rights: Rights::Granted,
        environment: forebay_plugins_api::Environment::default(),
    };
    let ended = run(&identity, &config, &components, &threads, Shutdown::new()).await.unwrap();
    assert_eq!(ended, Ended::Finished);
    tokio::task::spawn_blocking(move || drop(threads)).await.unwrap();
    let mut written: Vec<String> =
        std::fs::read_to_string(folder.file("out")).unwrap().lines().map(str::to_owned).collect();
    written.sort();
    let build = "0000000001";
    let expected: Vec<_> = (0..40).map(|number| format!("m-{number:02} {build} {build} {build}")).collect();
    assert_eq!(written, expected);
    (reloading, folder)
}

fn batches(reloading: &Reloading, outcome: &str) -> Option<f64> {
    reloading.world.metric("shadow_batches_total", &[("outcome", outcome)])
}

#[tokio::test]
async fn a_shadow_is_compared_and_its_cost_is_known() {
    let (reloading, _) = shadowed("{stamp: {}, shadow: stamp}").await;
    assert_eq!((batches(&reloading, "same"), batches(&reloading, "different")), (Some(8.0), Some(0.0)));
    for side in ["main", "shadow"] {
        let each = reloading.world.metric("shadow_cpu_nanoseconds_per_message", &[("side", side)]);
        assert!(each.unwrap() > 0.0, "{side}");
    }
}

#[tokio::test]
async fn a_shadow_that_passes_everything_on_differs_in_every_payload() {
    let (reloading, _) = shadowed("{stamp: {}, shadow: echo}").await;
    assert_eq!(batches(&reloading, "different"), Some(8.0));
    assert_eq!(reloading.world.metric("shadow_differences_total", &[("what", "payload")]), Some(40.0));
    assert_eq!(reloading.world.metric("shadow_differences_total", &[("what", "origin")]), Some(0.0));
}

#[tokio::test]
async fn a_shadow_that_traps_loses_its_own_instance() {
    let (reloading, _) = shadowed("{stamp: {}, shadow: stumble}").await;
    assert_eq!(batches(&reloading, "lost"), Some(8.0));
    assert_eq!(reloading.world.metric("shadow_differences_total", &[("what", "failure")]), Some(8.0));
    assert_eq!(reloading.world.metric("plugin_traps_total", &[("reason", "trap")]), Some(8.0));
}

#[tokio::test]
async fn a_shadow_that_can_not_be_opened_is_done_without() {
    let (reloading, _) = shadowed("{stamp: {refused_by: none}, shadow: stumble}").await;
    assert_eq!(batches(&reloading, "lost"), None);
}
