//! The metadata store's clock jumps, ahead and back, farther than anything is kept.

use std::sync::Arc;
use std::time::Duration;

use forebay_tests_load::{Effort, Ground, JumpingClock, Load, Nothing, Random, Run};

use crate::ground::{addresses, agent, finish, workers};

const HOUR: i64 = 3_600_000;

#[test]
fn that_jump_lose_and_double_nothing() {
    for seed in Effort::from_environment().seeds() {
        let mut random = Random(seed);
        let workers = workers();
        workers.block_on(async {
            let clock = JumpingClock::default();
            let ground = Ground::in_memory(Arc::new(clock.clone())).unwrap();
            let one = agent(&ground, Arc::new(Nothing), &workers).await;
            let other = agent(&ground, Arc::new(Nothing), &workers).await;
            let load = Load { requests: 80, timeout: Duration::from_secs(1), ..Load::default() };
            let mut run = Run::new("clock jumps", seed, load, addresses([&one, &other]));
            run.create_topic().await.unwrap();
            let mut jumps = 0;
            run.work(async {
                loop {
                    tokio::time::sleep(Duration::from_millis(20 + random.below(100))).await;
                    // A topic keeps its records for a week by default: up to six days are no reason to delete any.
                    let ahead = i64::try_from(random.below(144)).unwrap() - 30;
                    clock.jump_to(ahead * HOUR);
                    jumps += 1;
                }
            })
            .await;
            clock.jump_to(0);
            println!("{jumps} jumps:");
            finish(run).await;
            one.stop(Duration::from_secs(10)).await;
            other.stop(Duration::from_secs(10)).await;
        });
    }
}
