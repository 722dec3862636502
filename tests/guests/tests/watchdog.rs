//! A default plugin that keeps its thread: nothing can interrupt it, and the host goes on without it.
#![expect(clippy::unwrap_used, reason = "what tests share is test code too")]

use std::sync::Arc;
use std::time::Duration;

use forebay_lifecycle::{Shutdown, Threads};
use forebay_metrics::Metrics;
use forebay_plugins_api::{ComponentError, Components, LostReason, Processor};
use forebay_plugins_runtime::{Embedded, Interruption, Limits, Plugins, Settings};
use forebay_tests_guests::{Folder, batch, embedded, setup, soon};
use serde_json::json;

async fn load(stuck: Embedded, folder: &Folder, metrics: &Arc<Metrics>) -> Plugins {
    let limits = Limits { cpu: Duration::from_millis(100), ..Limits::default() };
    let settings = Settings { limits, cache: Some(folder.path().join("code")), ..Settings::default() };
    let (plugins, errors) = Plugins::load(&[stuck], &[], settings, Arc::clone(metrics)).await.unwrap();
    assert!(errors.is_empty(), "{errors:?}");
    plugins
}

async fn looping(plugins: &Plugins) -> Box<dyn Processor> {
    plugins.open_processor(setup("stuck_processor", json!({"at": "process", "how": "loop"}))).await.unwrap()
}

fn interruption(plugins: &Plugins) -> Interruption {
    plugins.infos()[0].interruption
}

#[tokio::test]
async fn a_default_plugin_that_keeps_its_thread_gets_epoch_checks_here_and_at_the_next_start() {
    let (folder, metrics) = (Folder::new(), Arc::new(Metrics::default()));
    let stuck = embedded("stuck");
    let plugins = load(stuck, &folder, &metrics).await;
    assert_eq!(interruption(&plugins), Interruption::None);
    let (told, threads) = (Shutdown::new(), Threads::start("lost", 1).unwrap());
    let watchdog = plugins.watchdog(told.clone());
    assert!(watchdog.look().await.is_empty());

    let mut lost = looping(&plugins).await;
    // Before it is stuck, so that it has to go over to the other build.
    let mut other = looping(&plugins).await;
    drop(threads.spawn(0, "a loop", async move { drop(lost.process(batch(&["a"])).await) }));
    let noticed = async {
        while watchdog.look().await.is_empty() {
            tokio::task::yield_now().await;
        }
    };
    soon(noticed).await;
    // The thread never ends, and the test does not wait for it.
    std::mem::forget(threads);
    assert!(told.is_cancelled());
    assert!(
        metrics.render().contains("plugin_stuck_threads_total{plugin=\"stuck\"} 1"),
        "{}",
        metrics.render()
    );
    assert!(watchdog.look().await.is_empty(), "it is told once");

    assert_eq!(interruption(&plugins), Interruption::Epochs);
    match soon(other.process(batch(&["a"]))).await {
        Err(ComponentError::Lost(lost)) => assert_eq!(lost.reason, LostReason::Cpu),
        other => panic!("it ended in {other:?}"),
    }
    let next = load(stuck, &folder, &Arc::default()).await;
    assert_eq!(interruption(&next), Interruption::Epochs);
}
