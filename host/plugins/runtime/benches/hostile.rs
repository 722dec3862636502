//! What does a hostile plugin cost its neighbours, once its limit has struck?
//!
//! Neighbours keep one thread busy, half of a machine with two cores. The hostile component runs on the
//! other thread, then on the same one. What it may use is small, so that limits strike soon.
//!
//! Throughput is per CPU second of the neighbours' thread, which is the same as per second while that
//! thread is never idle, but for what other programs take from it. How fast the machine is changes from
//! second to second where it is shared, so that thread also measures how long a fixed piece of arithmetic
//! takes, and throughput is in messages for each such piece. The neighbours are measured alone before and
//! after, and the row "nobody" says how far the noise that is left goes: there nothing hostile runs.

#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::panic,
    clippy::cast_precision_loss,
    reason = "a bench"
)]

#[path = "common/guests.rs"]
mod guests;

use std::convert::Infallible;
use std::hint::black_box;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use forebay_lifecycle::{Threads, clock};
use forebay_pipeline_config::LimitsConfig;
use forebay_pipeline_message::Batch;
use forebay_plugins_api::{Components as _, Processor, Setup};
use forebay_plugins_runtime::Plugins;
use guests::Build;
use tokio::sync::oneshot;

const ROUND: Duration = Duration::from_millis(2500);
const NOBODY: &str = "nobody";
const MODES: [&str; 13] = [
    NOBODY,
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
    let progress = Arc::new(Progress::default());
    let stop = Arc::new(AtomicBool::new(false));
    let processor = guests::processor(neighbours, guests::setup("add")).await;
    let neighbour =
        threads.spawn(0, "a neighbour", work(processor, Arc::clone(&progress), Arc::clone(&stop)));
    let alone = rate(&progress).await;

    let struck = Arc::new(AtomicU64::new(0));
    let (over, until) = oneshot::channel();
    let hostile = match mode {
        NOBODY => None,
        mode => Some(plugins.open_processor(hostile(mode)).await.unwrap()),
    };
    let hostile = threads.spawn(thread, "a hostile one", attack(hostile, Arc::clone(&struck), until));
    // The first losses are free.
    while struck.load(Ordering::Relaxed) < 3 && mode != NOBODY {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let beside = rate(&progress).await;
    drop(over);
    hostile.await.unwrap();
    let afterwards = rate(&progress).await;
    stop.store(true, Ordering::Relaxed);
    neighbour.await.unwrap();
    (2.0 * beside / (alone + afterwards), struck.load(Ordering::Relaxed))
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

/// What the neighbours have done; times are in nanoseconds.
#[derive(Default)]
struct Progress {
    messages: AtomicU64,
    /// CPU time of their thread.
    cpu: AtomicU64,
    yardsticks: AtomicU64,
    yardstick_time: AtomicU64,
}

impl Progress {
    fn sample(&self) -> [f64; 4] {
        [&self.messages, &self.cpu, &self.yardsticks, &self.yardstick_time]
            .map(|number| number.load(Ordering::Relaxed) as f64)
    }
}

/// Messages in the CPU time that the fixed piece of arithmetic takes, over a while.
async fn rate(progress: &Progress) -> f64 {
    let before = progress.sample();
    tokio::time::sleep(ROUND).await;
    let after = progress.sample();
    let [messages, cpu, yardsticks, yardstick_time] = std::array::from_fn(|at| after[at] - before[at]);
    messages / cpu * (yardstick_time / yardsticks)
}

async fn work(mut processor: Box<dyn Processor>, progress: Arc<Progress>, stop: Arc<AtomicBool>) {
    let batch =
        Batch::from_payloads((0..100).map(|_| Some(r#"{"id":1,"name":"a name","price":12.75}"#)), false);
    while !stop.load(Ordering::Relaxed) {
        for _ in 0..50 {
            processor.process(batch.clone()).await.unwrap();
            progress.messages.fetch_add(100, Ordering::Relaxed);
            tokio::task::yield_now().await;
        }
        let start = clock::now();
        black_box(yardstick());
        let took = u64::try_from((clock::now() - start).as_nanos()).unwrap();
        progress.yardstick_time.fetch_add(took, Ordering::Relaxed);
        progress.yardsticks.fetch_add(1, Ordering::Relaxed);
        let statistics = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
        progress.cpu.store(statistics.split(' ').next().unwrap().parse().unwrap(), Ordering::Relaxed);
    }
}

/// The fixed piece of arithmetic.
fn yardstick() -> u64 {
    (0..100_000_u64).fold(black_box(1), |hash, number| (hash ^ number).wrapping_mul(0x0100_0000_01b3))
}

/// Attacks until the other end of `over` is dropped, also while it waits for its next instance.
async fn attack(
    processor: Option<Box<dyn Processor>>,
    struck: Arc<AtomicU64>,
    over: oneshot::Receiver<Infallible>,
) {
    let attacks = async {
        let Some(mut processor) = processor else { return };
        let batch = Batch::from_payloads([Some("bad")], false);
        loop {
            if processor.process(batch.clone()).await.is_err() {
                struck.fetch_add(1, Ordering::Relaxed);
            }
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        biased;
        _ = over => {}
        () = attacks => {}
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
