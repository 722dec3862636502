//! `kill -9` of an agent, between every two steps of writing and at any time.

use std::time::Duration;

use forebay_tests_load::{Addresses, Agent, Effort, Load, Point, Random, Run};

use crate::ground::{Folder, finish, options, workers};

/// An agent is killed when it comes for the `nth` time to a point; another one takes over.
fn kill_at(point: Point, nth: usize) {
    let folder = Folder::new();
    workers().block_on(async {
        let first = forebay_tests_load::AgentOptions { at: Some((point, nth)), ..options(&folder) };
        let mut agent = Agent::start(&first).await.unwrap();
        let addresses = Addresses::of([agent.address]);
        let name = format!("kill -9 {} #{nth}", point.name());
        let load = Load { requests: 40, ..Load::default() };
        let mut run = Run::new(name, nth as u64, load, addresses.clone());
        run.create_topic().await.unwrap();
        let mut second = None;
        let was_killed = run
            .work(async {
                agent.reached().await.unwrap();
                agent.kill().await.unwrap();
                let agent = Agent::start(&options(&folder)).await.unwrap();
                addresses.set([agent.address]);
                second = Some(agent);
            })
            .await;
        assert!(was_killed, "it was not reached");
        let summary = finish(run).await;
        assert!(summary.unknown > 0, "nobody noticed: {summary}");
        drop(second);
    });
}

#[test]
fn before_a_put() {
    [0, 7].into_iter().for_each(|nth| kill_at(Point::BeforePut, nth));
}

#[test]
fn between_a_put_and_its_commit() {
    [0, 7].into_iter().for_each(|nth| kill_at(Point::AfterPut, nth));
}

#[test]
fn before_a_commit() {
    [0, 7].into_iter().for_each(|nth| kill_at(Point::BeforeCommit, nth));
}

#[test]
fn between_a_commit_and_its_acknowledgement() {
    [0, 1, 7, 12].into_iter().for_each(|nth| kill_at(Point::AfterCommit, nth));
}

/// Everything at once: kills at any time, again and again, in the middle of files being written too.
#[test]
fn at_any_time() {
    for seed in Effort::from_environment().seeds() {
        let folder = Folder::new();
        let mut random = Random(seed);
        workers().block_on(async {
            let mut agent = Some(Agent::start(&options(&folder)).await.unwrap());
            let addresses = Addresses::of(agent.as_ref().map(|agent| agent.address));
            let load = Load { requests: 150, value_bytes: 3_000, ..Load::default() };
            let mut run = Run::new("kill -9 at any time", seed, load, addresses.clone());
            run.create_topic().await.unwrap();
            let mut kills = 0;
            run.work(async {
                for _ in 0..8 {
                    tokio::time::sleep(Duration::from_millis(100 + random.below(400))).await;
                    if let Some(agent) = agent.take() {
                        agent.kill().await.unwrap();
                        kills += 1;
                    }
                    let new = Agent::start(&options(&folder)).await.unwrap();
                    addresses.set([new.address]);
                    agent = Some(new);
                }
            })
            .await;
            if agent.is_none() {
                let new = Agent::start(&options(&folder)).await.unwrap();
                addresses.set([new.address]);
                agent = Some(new);
            }
            println!("{kills} kills:");
            assert!(kills > 2, "{kills}");
            finish(run).await;
            drop(agent);
        });
    }
}
