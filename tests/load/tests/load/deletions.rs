//! Records that are deleted while others write and read them, by two agents.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use forebay_tests_load::{Chance, Effort, Load, Mishap, Point, Run};

use crate::ground::{addresses, agent, finish, in_memory, workers};

const PAUSE: Duration = Duration::from_millis(20);
const DELETIONS: usize = 30;

/// Values large enough for retention to have something to do.
fn load() -> Load {
    Load { requests: 100_000, value_bytes: 1_000, ..Load::default() }
}

fn deleted(name: &str, keep: Option<u64>) {
    for seed in Effort::from_environment().seeds() {
        let workers = workers();
        workers.block_on(async {
            let ground = in_memory();
            let chance = Arc::new(Chance::new(seed));
            // Whoever reads has an index in which more is there than there is.
            chance.add(Point::BeforeGet, 100, Mishap::Delay(Duration::from_millis(300)));
            chance.add(Point::AfterCommit, 50, Mishap::Fail);
            let one = agent(&ground, Arc::clone(&chance) as _, &workers).await;
            let other = agent(&ground, Arc::clone(&chance) as _, &workers).await;
            let mut run = Run::new(name, seed, load(), addresses([&one, &other]));
            run.create_topic().await.unwrap();
            let (stop, mut deleter) = (run.stop(), run.deleter(seed));
            let mut most = 0;
            run.work(async {
                if let Some(bytes) = keep {
                    deleter.keep(bytes).await.unwrap();
                }
                for _ in 0..DELETIONS {
                    tokio::time::sleep(PAUSE).await;
                    // What goes is soon behind what the agents keep by themselves.
                    most = most.max(deleter.delete_some().await.unwrap());
                }
                stop.store(true, Ordering::SeqCst);
            })
            .await;
            chance.clear();
            let deletions = run.history().deletions().filter(|one| one.low_watermark.is_some()).count();
            println!("{deletions} deletions were done, up to offset {most}:");
            assert!(deletions > 0 && most > 0, "nothing was deleted");
            finish(run).await;
            one.stop(Duration::from_secs(10)).await;
            other.stop(Duration::from_secs(10)).await;
        });
    }
}

#[test]
fn on_demand() {
    deleted("DeleteRecords under load", None);
}

#[test]
fn by_what_the_topic_keeps() {
    deleted("DeleteRecords and retention.bytes under load", Some(20_000));
}
