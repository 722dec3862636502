//! What does a hostile plugin cost its neighbours, once its limit has struck?
//!
//! Neighbours keep one thread busy, half of a machine with two cores. The hostile component runs on the
//! other thread, then on the same one. What it may use is small, so that limits strike soon.

#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::panic,
    clippy::cast_precision_loss,
    reason = "a bench"
)]

#[path = "common/guests.rs"]
mod guests;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use forebay_lifecycle::{Threads, clock};
use forebay_pipeline_config::LimitsConfig;
use forebay_pipeline_message::Batch;
use forebay_plugins_api::{Components as _, Processor, Setup};
use forebay_plugins_runtime::Plugins;
use guests::Build;

const ROUND: Duration = Duration::from_millis(1500);
const MODES: [&str; 12] = [
    "endless_loop",
    "endless_memory",
    "endless_print",
    "endless_labels",
    "deep_recursion",
    "panic",
    "many_batches",
    "huge_batches",
    "huge_output",
    "doubled_batches",
    "many_host_calls",
    "log_flood",
];

fn main() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let plugins = Arc::new(guests::load_with("hostile", Build::Epochs, GRANTS).await);
        let neighbours = Arc::new(guests::load("echo", Build::Default).await);
        println!("throughput of the neighbours beside a hostile component whose limit has struck (aim: at least 0.95)\n");
        println!("{:<20}{:>16}{:>16}{:>12}{:>14}", "", "other thread", "same thread", "struck", "resident MiB");
        for mode in MODES {
            let (apart, _) = beside(mode, 1, &plugins, &neighbours).await;
            let (together, struck) = beside(mode, 0, &plugins, &neighbours).await;
            println!("{mode:<20}{apart:>16.3}{together:>16.3}{struck:>12}{:>14}", resident() >> 20);
        }
        assert_eq!(threads(), threads_after_a_while().await, "threads come and go without end");
    });
}

/// The hostile guest says itself which files it wants; it gets none.
const GRANTS: &str = "grants: [{plugin: hostile, files: [], variables: []}]";

/// How much of their throughput the neighbours on thread 0 keep, and how often the component was lost.
async fn beside(mode: &str, thread: usize, plugins: &Arc<Plugins>, neighbours: &Arc<Plugins>) -> (f64, u64) {
    let threads = Threads::start("guest", 2).unwrap();
    let done = Arc::new(AtomicU64::new(0));
    let stop = Arc::new(AtomicBool::new(false));
    let processor = guests::processor(neighbours, guests::setup("add")).await;
    let neighbour = threads.spawn(0, "a neighbour", work(processor, Arc::clone(&done), Arc::clone(&stop)));
    let alone = rate(&done).await;

    let struck = Arc::new(AtomicU64::new(0));
    let hostile = plugins.open_processor(hostile(mode)).await.unwrap();
    let hostile =
        threads.spawn(thread, "a hostile one", attack(hostile, Arc::clone(&struck), Arc::clone(&stop)));
    // The first losses are free.
    while struck.load(Ordering::Relaxed) < 3 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let beside = rate(&done).await;
    stop.store(true, Ordering::Relaxed);
    neighbour.await.unwrap();
    // What waits for its next instance is dropped with its thread.
    drop(threads);
    drop(hostile);
    (beside / alone, struck.load(Ordering::Relaxed))
}

fn hostile(mode: &str) -> Setup {
    let limits = LimitsConfig {
        memory: Some(64 << 20),
        batches: Some(64 << 20),
        output: Some(4 << 20),
        cpu: Some(Duration::from_millis(300)),
        host_calls: Some(1_000),
        log_lines: Some(100),
        ..LimitsConfig::default()
    };
    let config = serde_json::json!({"mode": mode, "at_open": false});
    Setup { config, limits, ..guests::setup("misbehave") }
}

/// Messages per second over a while.
async fn rate(done: &AtomicU64) -> f64 {
    let (start, before) = (clock::now(), done.load(Ordering::Relaxed));
    tokio::time::sleep(ROUND).await;
    (done.load(Ordering::Relaxed) - before) as f64 / (clock::now() - start).as_secs_f64()
}

async fn work(mut processor: Box<dyn Processor>, done: Arc<AtomicU64>, stop: Arc<AtomicBool>) {
    let batch =
        Batch::from_payloads((0..100).map(|_| Some(r#"{"id":1,"name":"a name","price":12.75}"#)), false);
    while !stop.load(Ordering::Relaxed) {
        processor.process(batch.clone()).await.unwrap();
        done.fetch_add(100, Ordering::Relaxed);
        tokio::task::yield_now().await;
    }
}

async fn attack(mut processor: Box<dyn Processor>, struck: Arc<AtomicU64>, stop: Arc<AtomicBool>) {
    let batch = Batch::from_payloads([Some("bad")], false);
    while !stop.load(Ordering::Relaxed) {
        if processor.process(batch.clone()).await.is_err() {
            struck.fetch_add(1, Ordering::Relaxed);
        }
        tokio::task::yield_now().await;
    }
}

fn resident() -> usize {
    let pages = std::fs::read_to_string("/proc/self/statm").unwrap();
    pages.split(' ').nth(1).unwrap().parse::<usize>().unwrap() * 4096
}

fn threads() -> usize {
    std::fs::read_dir("/proc/self/task").unwrap().count()
}

async fn threads_after_a_while() -> usize {
    tokio::time::sleep(ROUND).await;
    threads()
}
