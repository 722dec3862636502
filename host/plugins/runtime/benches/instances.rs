//! What does an instance cost: to make, and to keep?

#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::panic,
    clippy::cast_precision_loss,
    reason = "a bench"
)]

#[path = "common/guests.rs"]
mod guests;

use forebay_lifecycle::clock;
use forebay_plugins_api::{Components as _, Processor};
use forebay_plugins_runtime::Plugins;
use guests::Build;

const MADE: usize = 2_000;
const KEPT: usize = 1_000;

fn main() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        made("under epochs", &guests::load("echo", Build::Epochs).await).await;
        let plugins = guests::load("echo", Build::Default).await;
        made("of a default plugin", &plugins).await;

        let before = (resident(), mappings());
        let mut kept: Vec<Box<dyn Processor>> = Vec::new();
        for _ in 0..KEPT {
            kept.push(guests::processor(&plugins, guests::setup("echo")).await);
        }
        let (resident, mappings) = (resident() - before.0, mappings() - before.1);
        println!(
            "{KEPT} idle instances: {:.1} KiB resident each, linear memory included (aim: 200 beyond it); {:.1} mappings each",
            resident as f64 / KEPT as f64 / 1024.0,
            mappings as f64 / KEPT as f64,
        );
        drop(kept);
    });
}

/// Makes, opens and drops instances one after the other.
async fn made(title: &str, plugins: &Plugins) {
    let setup = guests::setup("echo");
    let mut least = f64::MAX;
    // The first round pays for pages that all share.
    for _ in 0..6 {
        let start = clock::now();
        for _ in 0..MADE {
            drop(plugins.open_processor(setup.clone()).await.unwrap());
        }
        least = least.min((clock::now() - start).as_nanos() as f64 / MADE as f64 / 1e3);
    }
    println!("new instance {title}, opened and dropped: {least:.1} us (aim: 30)");
}

/// Bytes of the process that are in memory.
fn resident() -> usize {
    let pages = std::fs::read_to_string("/proc/self/statm").unwrap();
    pages.split(' ').nth(1).unwrap().parse::<usize>().unwrap() * 4096
}

fn mappings() -> usize {
    std::fs::read_to_string("/proc/self/maps").unwrap().lines().count()
}
