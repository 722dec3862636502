//! Stores that are slow, fail, or do what they report as failed.

use std::sync::Arc;
use std::time::Duration;

use forebay_storage_objects::{Fault, Faults, Faulty, Operation};
use forebay_tests_load::{Chance, Effort, Ground, Load, Mishap, Point, Run, Summary};

use crate::ground::{addresses, agent, finish, in_memory, workers};

fn load() -> Load {
    Load { requests: 50, timeout: Duration::from_secs(1), ..Load::default() }
}

/// Two agents over stores that misbehave until the producers are done.
fn with(name: &str, mishaps: &[(Point, u16, Mishap)], faults: &[(u16, Fault)]) -> Summary {
    let mut last = Summary::default();
    for seed in Effort::from_environment().seeds() {
        let workers = workers();
        last = workers.block_on(async {
            let ground = in_memory();
            let chance = Arc::new(Chance::new(seed));
            let faulty = Arc::new(Faults::new(seed));
            let objects = Arc::new(Faulty::new(Arc::clone(&ground.objects), Arc::clone(&faulty)));
            let ground = Ground { objects, ..ground };
            let one = agent(&ground, Arc::clone(&chance) as _, &workers).await;
            let other = agent(&ground, Arc::clone(&chance) as _, &workers).await;
            let mut run = Run::new(name, seed, load(), addresses([&one, &other]));
            run.create_topic().await.unwrap();
            for (point, per_mille, mishap) in mishaps {
                chance.add(*point, *per_mille, *mishap);
            }
            for (per_mille, fault) in faults {
                faulty.randomly(*per_mille, fault.clone());
            }
            run.work(std::future::pending()).await;
            chance.clear();
            faulty.clear();
            let summary = finish(run).await;
            println!("  {} puts of the agents and their retries", faulty.count(Operation::Put));
            one.stop(Duration::from_secs(10)).await;
            other.stop(Duration::from_secs(10)).await;
            summary
        });
    }
    last
}

const SHORT: Duration = Duration::from_millis(300);
const LONG: Duration = Duration::from_millis(1_300);

#[test]
fn a_slow_object_store() {
    with(
        "object store slow",
        &[
            (Point::BeforePut, 300, Mishap::Delay(SHORT)),
            (Point::AfterPut, 100, Mishap::Delay(LONG)),
            (Point::BeforeGet, 200, Mishap::Delay(SHORT)),
        ],
        &[],
    );
}

#[test]
fn an_object_store_that_fails() {
    let summary = with(
        "object store failing",
        &[(Point::BeforePut, 600, Mishap::Fail), (Point::BeforeGet, 300, Mishap::Fail)],
        &[],
    );
    assert!(summary.refused > 0, "the retries hid all of it: {summary}");
}

#[test]
fn an_object_store_that_reports_failures_of_what_it_did() {
    with(
        "object store done but failed",
        &[(Point::AfterPut, 500, Mishap::Fail), (Point::AfterDelete, 500, Mishap::Fail)],
        &[(100, Fault::Torn), (150, Fault::FailedButDoneAfter(SHORT))],
    );
}

#[test]
fn an_object_store_that_does_not_answer() {
    with("object store hanging", &[(Point::BeforePut, 30, Mishap::Hang)], &[]);
}

#[test]
fn a_metadata_store_that_fails_or_does_not_say_what_it_did() {
    with(
        "commits failing, done but failed, late",
        &[
            (Point::BeforeCommit, 150, Mishap::Fail),
            (Point::BeforeCommit, 50, Mishap::Delay(LONG)),
            (Point::AfterCommit, 150, Mishap::Fail),
            (Point::AfterCommit, 50, Mishap::Delay(LONG)),
            (Point::AfterCommit, 20, Mishap::Hang),
            (Point::BeforeFind, 50, Mishap::Fail),
        ],
        &[],
    );
}

#[test]
fn everything_at_once() {
    with(
        "everything at once",
        &[
            (Point::BeforePut, 100, Mishap::Fail),
            (Point::BeforePut, 100, Mishap::Delay(LONG)),
            (Point::AfterPut, 100, Mishap::Fail),
            (Point::BeforeCommit, 100, Mishap::Delay(SHORT)),
            (Point::AfterCommit, 100, Mishap::Fail),
            (Point::AfterCommit, 20, Mishap::Hang),
            (Point::BeforeGet, 100, Mishap::Fail),
            (Point::BeforeDelete, 200, Mishap::Fail),
            (Point::AfterDelete, 200, Mishap::Fail),
        ],
        &[(50, Fault::Torn), (50, Fault::FailedButDoneAfter(SHORT))],
    );
}

/// The object store is away for longer than anybody tries. Nothing is acknowledged then; afterwards all goes on.
#[test]
fn an_outage_is_waited_out() {
    let workers = workers();
    workers.block_on(async {
        let ground = in_memory();
        let faulty = Arc::new(Faults::new(1));
        let objects = Arc::new(Faulty::new(Arc::clone(&ground.objects), Arc::clone(&faulty)));
        let ground = Ground { objects, ..ground };
        let node = agent(&ground, Arc::new(forebay_tests_load::Nothing), &workers).await;
        let mut run = Run::new("disk full (fault), then not", 1, load(), addresses([&node]));
        run.create_topic().await.unwrap();
        let was_over = run
            .work(async {
                tokio::time::sleep(Duration::from_millis(200)).await;
                faulty.always(Operation::Put, Fault::Full);
                tokio::time::sleep(Duration::from_secs(1)).await;
                faulty.clear();
            })
            .await;
        assert!(was_over);
        let summary = finish(run).await;
        assert!(summary.refused > 0, "{summary}");
        node.stop(Duration::from_secs(10)).await;
    });
}
