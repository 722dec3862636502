use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use forebay_model::{ByteCount, CommitId, RecordCount};

use super::Site;
use super::scene::{Scene, batch, log, of, offset, request, segment, unexpected};
use crate::{
    BatchCommit, Clock as _, CommitError, Kind, OUTCOMES_KEPT, ProduceOutcome, SegmentCommit, UPLOAD_HORIZON,
};

/// Whoever asks again, also after the store was closed, gets the same outcome and changes nothing.
pub async fn a_commit_is_done_once(site: &dyn Site) {
    let mut scene = Scene::new(site).await;
    let topic = scene.topic("a", 1).await;
    let a = log(topic, 0);
    let commit = scene.segment(vec![
        request(vec![of(batch(a, 2), 1, 0, 0)]),
        request(vec![of(batch(a, 1), 1, 0, 9), batch(log(topic, 4), 1)]),
    ]);
    let outcome = scene.commit(&commit).await.expect("new");
    scene.clock.advance(Duration::from_mins(5));
    assert_eq!(scene.commit(&commit).await, Ok(outcome.clone()));
    if site.is_durable() {
        scene.reopen(site).await;
        assert_eq!(scene.commit(&commit).await, Ok(outcome));
    }
    assert_eq!(scene.bounds(a).await.expect("it exists").high_watermark, offset(2));
    let other = SegmentCommit { segment: segment("segments/other"), ..commit };
    let error = scene.commit(&other).await.expect_err("the id is another's");
    assert_eq!((error.kind(), matches!(error, CommitError::IdTaken { .. })), (Kind::Invalid, true));
}

/// It is known that it happened, which is all that keeps it from happening twice.
pub async fn an_old_outcome_is_forgotten_but_not_repeated(site: &dyn Site) {
    let scene = Scene::new(site).await;
    let a = log(scene.topic("a", 1).await, 0);
    let commit = scene.segment(vec![request(vec![batch(a, 2)])]);
    let committed_at = scene.commit(&commit).await.expect("new").committed_at;
    scene.clock.advance(OUTCOMES_KEPT);
    scene.store.expire(&scene.cluster, 10).await.expect("there");
    assert!(scene.commit(&commit).await.is_ok());
    scene.clock.advance(Duration::from_millis(1));
    assert_eq!(scene.store.expire(&scene.cluster, 10).await.expect("there").outcomes, 1);
    let forgotten = CommitError::Forgotten { id: commit.id, committed_at };
    assert_eq!(scene.commit(&commit).await, Err(forgotten));
    assert_eq!(scene.bounds(a).await.expect("it exists").high_watermark, offset(2));
}

/// What the store knew of it may be gone.
pub async fn a_segment_named_too_long_ago_is_refused(site: &dyn Site) {
    let scene = Scene::new(site).await;
    let a = log(scene.topic("a", 1).await, 0);
    let commit = scene.segment(vec![request(vec![batch(a, 2)])]);
    scene.clock.advance(UPLOAD_HORIZON);
    let error = scene.commit(&commit).await.expect_err("too late");
    assert!(matches!(error, CommitError::TooLate { .. }), "{error:?}");
    let just = SegmentCommit { named_at: commit.named_at.after(Duration::from_millis(1)), ..commit };
    assert!(scene.commit(&just).await.is_ok());
}

/// A segment has one commit.
pub async fn a_name_is_committed_once(site: &dyn Site) {
    let scene = Scene::new(site).await;
    let a = log(scene.topic("a", 1).await, 0);
    let commit = scene.segment(vec![request(vec![batch(a, 2)])]);
    scene.commit(&commit).await.expect("new");
    let other = SegmentCommit { id: CommitId::from_random(999), ..commit };
    assert_eq!(scene.commit(&other).await, Err(CommitError::NameTaken { segment: other.segment.clone() }));
}

/// Nothing of their segment is committed.
pub async fn impossible_batches_are_refused(site: &dyn Site) {
    let scene = Scene::new(site).await;
    let a = log(scene.topic("a", 1).await, 0);
    for broken in [
        BatchCommit { records: RecordCount::new(0), ..batch(a, 1) },
        BatchCommit { records: RecordCount::new(u32::MAX), ..batch(a, 1) },
        BatchCommit { length: ByteCount::ZERO, ..batch(a, 1) },
    ] {
        let commit = scene.segment(vec![request(vec![batch(a, 1)]), request(vec![batch(a, 1), broken])]);
        let error = scene.commit(&commit).await.expect_err("it can't be");
        assert!(matches!(error, CommitError::Invalid { request: 1, batch: 1, .. }), "{error:?}");
    }
    let mut beyond = scene.segment(vec![request(vec![batch(a, 1)])]);
    beyond.requests[0].batches[0].position = ByteCount::new(u64::MAX);
    assert!(matches!(scene.commit(&beyond).await, Err(CommitError::Invalid { .. })));
    assert_eq!(scene.bounds(a).await.expect("it exists").high_watermark, offset(0));
}

/// No hole, no overlap.
pub async fn commits_at_once_get_offsets_of_their_own(site: &dyn Site) {
    let scene = Arc::new(Scene::new(site).await);
    let topic = scene.topic("a", 3).await;
    let mut commits = Vec::new();
    for number in 0..60_u32 {
        let batches = (0..3).map(|partition| batch(log(topic, partition), 1 + number % 4)).collect();
        let commit = scene.segment(vec![request(batches)]);
        let scene = Arc::clone(&scene);
        commits.push(async move { (number, scene.commit(&commit).await.expect("new")) });
    }
    let mut taken: Vec<BTreeSet<i64>> = vec![BTreeSet::new(); 3];
    for (number, outcome) in join(commits).await {
        let [ProduceOutcome::Committed(batches)] = outcome.requests.as_slice() else { unexpected(&outcome) };
        for (taken, batch) in taken.iter_mut().zip(batches) {
            let base = batch.base_offset.get();
            assert!((base..base + i64::from(1 + number % 4)).all(|offset| taken.insert(offset)));
        }
    }
    let now = scene.clock.now();
    assert!(taken.iter().all(|taken| taken.iter().copied().eq(0..150)), "{taken:?} at {now}");
}

/// Runs futures beside each other, on this task.
pub(super) async fn join<T>(futures: Vec<impl Future<Output = T>>) -> Vec<T> {
    let mut waiting: Vec<_> = futures.into_iter().map(|future| (Box::pin(future), None)).collect();
    std::future::poll_fn(|context| {
        let mut is_ready = true;
        for (future, done) in &mut waiting {
            if done.is_none() {
                match future.as_mut().poll(context) {
                    std::task::Poll::Ready(value) => *done = Some(value),
                    std::task::Poll::Pending => is_ready = false,
                }
            }
        }
        if is_ready { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
    })
    .await;
    waiting.into_iter().filter_map(|(_, done)| done).collect()
}
