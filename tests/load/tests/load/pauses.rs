//! An agent that is paused goes on later as if nothing had happened.

use std::sync::Arc;
use std::time::Duration;

use forebay_tests_load::{Addresses, Agent, AgentOptions, Effort, HoldAt, Load, Nothing, Point, Random, Run};

use crate::ground::{Folder, addresses, agent, finish, in_memory, options, workers};

/// Clients that come again elsewhere soon.
fn impatient() -> Load {
    Load { requests: 40, timeout: Duration::from_millis(300), ..Load::default() }
}

/// One agent of two stands still between two steps, its clients go to the other one, and then it goes on with what they
/// have long sent again. Whether they have: of a late step nobody may hear, also where the agent does no jobs; why is
/// not known yet.
fn pause_at(point: Point, nth: usize) -> bool {
    let workers = workers();
    workers.block_on(async {
        let ground = in_memory();
        let held = Arc::new(HoldAt::new(point, nth));
        let one = agent(&ground, Arc::clone(&held) as _, &workers).await;
        let other = agent(&ground, Arc::new(Nothing), &workers).await;
        let name = format!("pause {} #{nth}", point.name());
        let mut run = Run::new(name, nth as u64, impatient(), addresses([&one, &other]));
        run.create_topic().await.unwrap();
        let was_paused = run
            .work(async {
                held.reached().await;
                // Long enough for clients to come again with everything, and for what is behind it.
                tokio::time::sleep(Duration::from_millis(700)).await;
                held.release();
            })
            .await;
        assert!(was_paused, "it was not reached");
        let summary = finish(run).await;
        one.stop(Duration::from_secs(10)).await;
        other.stop(Duration::from_secs(10)).await;
        summary.unknown + summary.refused > 0
    })
}

#[test]
fn one_of_two_between_any_two_steps() {
    for point in Point::WRITING {
        let noticed = [0, 3, 9].map(|nth| pause_at(point, nth));
        assert!(noticed.contains(&true), "nobody noticed any pause {}", point.name());
    }
}

/// SIGSTOP and SIGCONT of the only agent, at a point and at any time.
#[test]
fn of_the_whole_process() {
    for point in Point::WRITING {
        let folder = Folder::new();
        workers().block_on(async {
            let options = AgentOptions { at: Some((point, 5)), ..options(&folder) };
            let mut agent = Agent::start(&options).await.unwrap();
            let name = format!("SIGSTOP {}", point.name());
            let mut run = Run::new(name, 5, impatient(), Addresses::of([agent.address]));
            run.create_topic().await.unwrap();
            let was_paused = run
                .work(async {
                    agent.reached().await.unwrap();
                    agent.signal("STOP").await.unwrap();
                    tokio::time::sleep(Duration::from_millis(700)).await;
                    agent.signal("CONT").await.unwrap();
                    agent.go().await.unwrap();
                })
                .await;
            assert!(was_paused, "it was not reached");
            finish(run).await;
        });
    }
}

#[test]
fn of_the_whole_process_at_any_time() {
    for seed in Effort::from_environment().seeds() {
        let folder = Folder::new();
        let mut random = Random(seed);
        workers().block_on(async {
            let agent = Agent::start(&options(&folder)).await.unwrap();
            let load = Load { requests: 100, ..impatient() };
            let mut run = Run::new("SIGSTOP at any time", seed, load, Addresses::of([agent.address]));
            run.create_topic().await.unwrap();
            run.work(async {
                for _ in 0..6 {
                    tokio::time::sleep(Duration::from_millis(50 + random.below(200))).await;
                    agent.signal("STOP").await.unwrap();
                    tokio::time::sleep(Duration::from_millis(100 + random.below(500))).await;
                    agent.signal("CONT").await.unwrap();
                }
            })
            .await;
            // It may have been dropped in between.
            agent.signal("CONT").await.unwrap();
            finish(run).await;
        });
    }
}
