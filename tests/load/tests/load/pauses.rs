//! An agent that is paused goes on later as if nothing had happened.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use forebay_model::Role;
use forebay_tests_load::{
    Addresses, Agent, AgentOptions, Effort, History, HoldAt, Load, Moment, Nothing, Point, Random, Run,
};

use crate::ground::{Folder, addresses, agent, agent_of, finish, in_memory, options, workers};

/// Clients that come again elsewhere soon.
fn impatient() -> Load {
    Load { requests: 40, timeout: Duration::from_millis(300), ..Load::default() }
}

/// Longer than clients wait, and than a commit is waited for.
const PAUSE: Duration = Duration::from_millis(700);

/// One agent of two stands still between two steps. Its clients notice, have what they sent acknowledged by the other one,
/// and then it goes on with what they have long sent again.
fn pause_at(point: Point, nth: usize) {
    let workers = workers();
    workers.block_on(async {
        let ground = in_memory();
        let held = Arc::new(HoldAt::new(point, nth));
        // Jobs put segments too, for which no client waits: the other agent does them.
        let proxy = [Role::Proxy].into_iter().collect();
        let one = agent_of(proxy, &ground, Arc::clone(&held) as _, &workers).await;
        let other = agent(&ground, Arc::new(Nothing), &workers).await;
        let name = format!("pause {} #{nth}", point.name());
        let mut run = Run::new(&name, nth as u64, impatient(), addresses([&one, &other]));
        run.create_topic().await.unwrap();
        let recorder = run.recorder();
        let mut was_reached = false;
        let was_noticed = run
            .work(async {
                held.reached().await;
                was_reached = true;
                let since = recorder.moment();
                tokio::time::sleep(PAUSE).await;
                recorder.until(|history| has_come_again(history, since)).await;
                held.release();
            })
            .await;
        assert!(was_reached, "{name}: it was not reached");
        assert!(was_noticed, "{name}: nobody noticed: {}", run.summary());
        finish(run).await;
        one.stop(Duration::from_secs(10)).await;
        other.stop(Duration::from_secs(10)).await;
    });
}

/// Whether somebody was not answered, or refused, after a moment, and has everything acknowledged that this befell.
fn has_come_again(history: &History, since: Moment) -> bool {
    let mut missed = history.missed(since).peekable();
    missed.peek().is_some() && missed.all(|request| history.is_acked(request))
}

#[test]
fn one_of_two_between_any_two_steps() {
    for point in Point::WRITING {
        for nth in [0, 3, 9] {
            pause_at(point, nth);
        }
    }
}

/// An agent that does jobs alone stands still with a segment that it puts together of others, while clients write.
#[test]
fn one_that_puts_segments_together() {
    for point in [Point::BeforePut, Point::AfterPut] {
        let workers = workers();
        workers.block_on(async {
            let ground = in_memory();
            let held = Arc::new(HoldAt::new(point, 0));
            let jobs = [Role::Jobs].into_iter().collect();
            let proxy = [Role::Proxy].into_iter().collect();
            let one = agent_of(jobs, &ground, Arc::clone(&held) as _, &workers).await;
            let other = agent_of(proxy, &ground, Arc::new(Nothing), &workers).await;
            let name = format!("pause of a job {}", point.name());
            // There is something to write until the job has gone on.
            let load = Load { requests: 400, ..impatient() };
            let mut run = Run::new(&name, 1, load, addresses([&other]));
            run.create_topic().await.unwrap();
            let stop = run.stop();
            let was_paused = run
                .work(async {
                    held.reached().await;
                    tokio::time::sleep(PAUSE).await;
                    held.release();
                    stop.store(true, Ordering::SeqCst);
                })
                .await;
            assert!(was_paused, "{name}: it was not reached");
            finish(run).await;
            one.stop(Duration::from_secs(10)).await;
            other.stop(Duration::from_secs(10)).await;
        });
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
            let recorder = run.recorder();
            let was_noticed = run
                .work(async {
                    agent.reached().await.unwrap();
                    let since = recorder.moment();
                    agent.signal("STOP").await.unwrap();
                    tokio::time::sleep(PAUSE).await;
                    recorder.until(|history| history.missed(since).next().is_some()).await;
                    agent.signal("CONT").await.unwrap();
                    agent.go().await.unwrap();
                })
                .await;
            assert!(was_noticed, "it was not reached, or nobody noticed: {}", run.summary());
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
            let recorder = run.recorder();
            run.work(async {
                for turn in 0..6 {
                    tokio::time::sleep(Duration::from_millis(50 + random.below(200))).await;
                    let since = recorder.moment();
                    agent.signal("STOP").await.unwrap();
                    tokio::time::sleep(Duration::from_millis(100 + random.below(500))).await;
                    // The others may be shorter than clients wait.
                    if turn == 0 {
                        recorder.until(|history| history.missed(since).next().is_some()).await;
                    }
                    agent.signal("CONT").await.unwrap();
                }
            })
            .await;
            // It may have been dropped in between.
            agent.signal("CONT").await.unwrap();
            let summary = finish(run).await;
            assert!(summary.unknown > 0, "nobody noticed: {summary}");
        });
    }
}
