use std::time::Duration;

use super::Site;
use super::scene::{Scene, at, batch, log};
use crate::{
    Clock as _, JobError, JobHolder, JobName, JobOutcome, JobTerms, Lease, RetentionLimits, TrimError,
};

const A: JobHolder = JobHolder::from_random(1);
const B: JobHolder = JobHolder::from_random(2);
const LEASE: Duration = Duration::from_secs(30);

fn job(name: &str) -> JobName {
    name.parse().expect("a name")
}

async fn acquire(scene: &Scene, holder: JobHolder, every: Duration) -> Option<Lease> {
    let terms = JobTerms { lease: LEASE, every };
    scene.store.acquire_job(&scene.cluster, &job("retention"), holder, terms).await.expect("it exists")
}

/// And the next holder has a greater epoch.
pub async fn a_job_has_one_holder_until_its_lease_is_over(site: &dyn Site) {
    let mut scene = Scene::new(site).await;
    let first = acquire(&scene, A, Duration::ZERO).await.expect("nobody has it");
    assert_eq!(first.until, scene.clock.now().after(LEASE));
    assert_eq!(acquire(&scene, B, Duration::ZERO).await, None);
    let terms = JobTerms { lease: LEASE, every: Duration::ZERO };
    let other = scene.store.acquire_job(&scene.cluster, &job("compaction/1"), B, terms).await;
    assert!(other.expect("it exists").is_some(), "another job is another lease");
    scene.clock.advance(LEASE / 2);
    let renewed = scene.store.renew_job(&scene.cluster, &first, LEASE).await.expect("it is held");
    assert_eq!((renewed.epoch, renewed.until), (first.epoch, scene.clock.now().after(LEASE)));
    scene.clock.advance(LEASE - Duration::from_millis(1));
    if site.is_durable() {
        scene.reopen(site).await;
    }
    assert_eq!(acquire(&scene, B, Duration::ZERO).await, None);
    scene.clock.advance(Duration::from_millis(1));
    // Over, but nobody has taken it.
    let late = scene.store.renew_job(&scene.cluster, &renewed, LEASE).await.expect("nobody else has it");
    scene.clock.advance(LEASE);
    let second = acquire(&scene, B, Duration::ZERO).await.expect("it is over");
    assert!(second.epoch > first.epoch);
    let lost = JobError::Lost { job: job("retention") };
    assert_eq!(scene.store.renew_job(&scene.cluster, &late, LEASE).await, Err(lost.clone()));
    assert_eq!(scene.store.release_job(&scene.cluster, &late, JobOutcome::Done).await, Err(lost));
    // Who has it and asks anew has forgotten it.
    let third = acquire(&scene, B, Duration::ZERO).await.expect("it is its own");
    assert!(third.epoch > second.epoch);
    assert!(scene.store.renew_job(&scene.cluster, &second, LEASE).await.is_err());
}

/// However many agents look for work.
pub async fn a_job_that_was_done_is_not_due_at_once(site: &dyn Site) {
    let scene = Scene::new(site).await;
    let every = Duration::from_mins(5);
    let lease = acquire(&scene, A, every).await.expect("it was never done");
    scene.clock.advance(Duration::from_secs(10));
    scene.store.release_job(&scene.cluster, &lease, JobOutcome::Done).await.expect("it is held");
    assert_eq!(acquire(&scene, B, every).await, None);
    scene.clock.advance(every - Duration::from_secs(10));
    let lease = acquire(&scene, B, every).await.expect("it is due, from one beginning to the next");
    scene.store.release_job(&scene.cluster, &lease, JobOutcome::Unfinished).await.expect("it is held");
    assert!(acquire(&scene, A, every).await.is_some(), "it was not done");
}

/// Whoever stood still and goes on with what it had in mind.
pub async fn who_has_lost_a_lease_removes_nothing(site: &dyn Site) {
    let scene = Scene::new(site).await;
    let a = log(scene.topic("a", 1).await, 0);
    scene.append(at(batch(a, 2), 0)).await;
    let limits = RetentionLimits { age: Some(Duration::from_secs(1)), size: None };
    let old = acquire(&scene, A, Duration::ZERO).await.expect("nobody has it");
    scene.clock.advance(LEASE);
    let new = acquire(&scene, B, Duration::ZERO).await.expect("it is over");
    let trim = async |lease| scene.store.trim(&scene.cluster, a, limits, 9, Some(lease)).await;
    assert_eq!(trim(&old).await, Err(TrimError::Fenced));
    assert_eq!(scene.bounds(a).await.expect("it exists").log_start.get(), 0);
    assert_eq!(trim(&new).await.expect("it is held").runs, 1);
}
