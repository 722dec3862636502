use std::sync::Arc;
use std::time::Duration;

use forebay_model::ByteCount;
use forebay_storage_log::{AppendError, NewBatch, Signal, Writer, WriterSettings};
use forebay_storage_metadata::{BatchRefusal, Kind, ProduceOutcome};
use forebay_storage_objects::{Fault, Faults, Faulty, ObjectPrefix, Objects, Operation};
use futures_util::future::join_all;
use tokio::time::Instant;

use crate::ground::{batch, bucket, cluster, log, read_all, reader, settings, writer};
use crate::ledger::{CommitFault, Ledger};

struct Ground {
    faults: Arc<Faults>,
    objects: Arc<dyn Objects>,
    ledger: Arc<Ledger>,
    writer: Writer,
}

fn ground(settings: WriterSettings) -> Ground {
    let faults = Arc::new(Faults::new(0));
    let objects: Arc<dyn Objects> = Arc::new(Faulty::new(bucket("writer"), Arc::clone(&faults)));
    let ledger = Arc::new(Ledger::with_partitions((0..4).map(log)));
    let writer = writer(&objects, Arc::clone(&ledger) as _, settings);
    Ground { faults, objects, ledger, writer }
}

impl Ground {
    async fn append(&self, batches: Vec<NewBatch>) -> Result<Vec<i64>, AppendError> {
        match self.writer.append(&cluster(), batches).await? {
            ProduceOutcome::Committed(batches) => {
                Ok(batches.into_iter().map(|batch| batch.base_offset.get()).collect())
            }
            ProduceOutcome::Refused(refusals) => panic!("{refusals:?}"),
        }
    }

    async fn records(&self, partition: i32) -> Vec<String> {
        let reader = reader(&self.objects, Arc::clone(&self.ledger) as _);
        let records = read_all(&reader, log(partition), 1 << 20).await;
        records.into_iter().map(|(_, value)| value).collect()
    }
}

#[tokio::test(start_paused = true)]
async fn requests_of_many_clients_become_one_segment_after_the_batch_timeout() {
    let ground = ground(settings());
    let started = Instant::now();
    let requests = (0..10).map(|n: i32| {
        let value = n.to_string();
        ground.append(vec![batch(log(n % 2), &[&value, "x"], None), batch(log(2), &[&value], None)])
    });
    let offsets: Vec<_> = join_all(requests).await.into_iter().map(Result::unwrap).collect();
    assert_eq!(started.elapsed(), Duration::from_millis(250));
    assert_eq!(offsets[0], [0, 0]);
    assert_eq!(offsets[3], [2, 3]);
    assert_eq!(offsets[9], [8, 9]);
    assert_eq!(ground.faults.count(Operation::Put), 1);
    assert_eq!(ground.records(2).await, ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"]);
    assert_eq!(ground.records(1).await, ["1", "x", "3", "x", "5", "x", "7", "x", "9", "x"]);
    // Neighbours in a segment are one row of the index.
    assert_eq!(ground.ledger.runs(log(2)).len(), 1);
}

#[tokio::test(start_paused = true)]
async fn enough_for_a_segment_does_not_wait() {
    let ground = ground(WriterSettings { flush_size: ByteCount::new(100), ..settings() });
    let started = Instant::now();
    let value = "x".repeat(100);
    ground.append(vec![batch(log(0), &[&value], None)]).await.unwrap();
    assert_eq!(started.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn uploads_overlap_and_commits_keep_the_order_of_flushes() {
    let ground = ground(settings());
    let second = Duration::from_secs(1);
    ground
        .faults
        .next(Operation::Put, [Fault::Delay(second * 3), Fault::Delay(second / 2), Fault::Delay(second)]);
    let started = Instant::now();
    let later = |n: u32, value: &'static str| {
        let ground = &ground;
        async move {
            tokio::time::sleep(Duration::from_millis(300) * n).await;
            let offset =
                ground.append(vec![batch(log(0), &[value], Some((1, i32::try_from(n).unwrap())))]).await;
            (offset.unwrap(), started.elapsed())
        }
    };
    let (a, b, c) = tokio::join!(later(0, "a"), later(1, "b"), later(2, "c"));
    assert_eq!((&a.0[..], &b.0[..], &c.0[..]), (&[0][..], &[1][..], &[2][..]));
    // The first put is hedged after a second: nobody waits for three.
    assert!(a.1 <= b.1 && b.1 <= c.1 && c.1 < second * 3, "{a:?} {b:?} {c:?}");
    assert_eq!(ground.records(0).await, ["a", "b", "c"]);
}

#[tokio::test(start_paused = true)]
async fn a_slow_put_is_made_again_under_a_second_name() {
    let ground = ground(settings());
    ground.faults.next(Operation::Put, [Fault::Hang]);
    let started = Instant::now();
    ground.append(vec![batch(log(0), &["a"], None)]).await.unwrap();
    assert_eq!(started.elapsed(), Duration::from_millis(1250));
    assert_eq!(ground.faults.count(Operation::Put), 2);
    assert_eq!(ground.records(0).await, ["a"]);
}

#[tokio::test(start_paused = true)]
async fn a_failed_segment_fails_what_follows_it_and_nothing_else() {
    let ground = ground(WriterSettings { hedge_after: None, ..settings() });
    ground.faults.next(Operation::Put, [Fault::FailAfter(Duration::from_secs(2))]);
    let at = |millis, batches| {
        let ground = &ground;
        async move {
            tokio::time::sleep(Duration::from_millis(millis)).await;
            ground.append(batches).await
        }
    };
    let (first, same, other, third) = tokio::join!(
        at(0, vec![batch(log(0), &["a0", "a1"], Some((1, 0)))]),
        at(500, vec![batch(log(0), &["a2"], Some((1, 2)))]),
        at(500, vec![batch(log(0), &["b0"], Some((2, 0)))]),
        at(1000, vec![batch(log(0), &["a3"], Some((1, 3)))]),
    );
    assert!(matches!(first, Err(AppendError::Upload(_))), "{first:?}");
    assert!(matches!(same, Err(AppendError::FollowsFailed)), "{same:?}");
    assert!(matches!(third, Err(AppendError::FollowsFailed)), "{third:?}");
    assert_eq!(other.unwrap(), [0]);
    assert_eq!(first.unwrap_err().kind(), Kind::Retry);
    // The client sends all of it again, in order.
    for (values, sequence) in [(&["a0", "a1"][..], 0), (&["a2"], 2), (&["a3"], 3)] {
        ground.append(vec![batch(log(0), values, Some((1, sequence)))]).await.unwrap();
    }
    assert_eq!(ground.records(0).await, ["b0", "a0", "a1", "a2", "a3"]);
}

#[tokio::test(start_paused = true)]
async fn a_commit_whose_outcome_is_unknown_is_asked_for_again() {
    let ground = ground(settings());
    let faults = [
        CommitFault::Unavailable,
        CommitFault::NotDoneButUnsettled,
        CommitFault::DoneButUnsettled,
        CommitFault::Unavailable,
        CommitFault::DoneButHangs,
    ];
    ground.ledger.next(faults);
    assert_eq!(ground.append(vec![batch(log(0), &["a"], None)]).await.unwrap(), [0]);
    assert_eq!(ground.ledger.commits(), 1);
    assert_eq!(ground.records(0).await, ["a"]);
}

#[tokio::test(start_paused = true)]
async fn a_commit_that_is_never_settled_fails_and_a_repeated_batch_is_a_duplicate() {
    let ground = ground(settings());
    ground.ledger.next([CommitFault::DoneButUnsettled]);
    ground.ledger.next([CommitFault::Unavailable; 100]);
    let new = || vec![batch(log(0), &["a"], Some((1, 0)))];
    let error = ground.append(new()).await.unwrap_err();
    assert!(matches!(error, AppendError::Commit(_)), "{error:?}");
    assert_eq!(error.kind(), Kind::Retry);
    let offsets = loop {
        match ground.append(new()).await {
            Ok(offsets) => break offsets,
            Err(error) => assert_eq!(error.kind(), Kind::Retry),
        }
    };
    assert_eq!(offsets, [0]);
    assert_eq!(ground.records(0).await, ["a"]);
}

#[tokio::test(start_paused = true)]
async fn a_refused_request_does_not_fail_its_neighbours() {
    let ground = ground(settings());
    let cluster = cluster();
    let missing = ground.writer.append(&cluster, {
        vec![batch(log(9), &["lost"], None), batch(log(0), &["lost too"], Some((1, 0)))]
    });
    let (missing, fine) = futures_util::join!(missing, ground.append(vec![batch(log(0), &["fine"], None)]));
    assert_eq!(missing.unwrap(), ProduceOutcome::Refused(vec![Some(BatchRefusal::NoPartition), None]));
    assert_eq!(fine.unwrap(), [0]);
    // What follows the innocent one waits for it.
    let follows = ground.append(vec![batch(log(0), &["follows"], Some((1, 1)))]).await;
    assert!(matches!(follows, Err(AppendError::FollowsFailed)), "{follows:?}");
    assert_eq!(ground.append(vec![batch(log(0), &["again"], Some((1, 0)))]).await.unwrap(), [1]);
    assert_eq!(ground.records(0).await, ["fine", "again"]);
}

#[tokio::test(start_paused = true)]
async fn no_more_is_taken_than_the_limits_and_who_waits_is_woken() {
    let limits = WriterSettings {
        most_unflushed_bytes: ByteCount::new(1000),
        most_unflushed_files: 2,
        flush_size: ByteCount::new(150),
        ..settings()
    };
    let ground = ground(WriterSettings { hedge_after: None, ..limits });
    let held = Arc::new(tokio::sync::Semaphore::new(0));
    ground.faults.always(Operation::Put, Fault::Held(Arc::clone(&held)));
    let value = "x".repeat(100);
    let full = || ground.append(vec![batch(log(0), &[&value], None)]);
    let relieved = async {
        tokio::task::yield_now().await;
        assert_eq!(ground.writer.load().over(), Some(Signal::Files));
        let refused = full().await.unwrap_err();
        assert!(matches!(refused, AppendError::Backpressure(Signal::Files)), "{refused:?}");
        held.add_permits(1);
        ground.writer.relief().await;
        assert_eq!(ground.writer.load().unflushed_files, 1);
        let huge = "x".repeat(2000);
        let refused = ground.append(vec![batch(log(0), &[&huge], None)]).await.unwrap_err();
        assert!(matches!(refused, AppendError::TooLarge { .. }), "{refused:?}");
        // Large enough to be flushed at once, and past the limit of bytes.
        let large = "x".repeat(900);
        let large = ground.append(vec![batch(log(0), &[&large], None)]);
        let over = async {
            tokio::task::yield_now().await;
            assert_eq!(ground.writer.load().over(), Some(Signal::Bytes));
            assert!(matches!(full().await, Err(AppendError::Backpressure(Signal::Bytes))));
            held.add_permits(10);
        };
        let (large, ()) = tokio::join!(large, over);
        large.unwrap();
    };
    let (one, other, ()) = tokio::join!(full(), full(), relieved);
    one.unwrap();
    other.unwrap();
    assert!(ground.writer.load().is_none());
}

#[tokio::test(start_paused = true)]
async fn closing_flushes_at_once_and_waits_for_all() {
    let ground = ground(settings());
    ground.faults.next(Operation::Put, [Fault::Delay(Duration::from_millis(10))]);
    let started = Instant::now();
    let append = ground.append(vec![batch(log(0), &["a"], None)]);
    let close = async {
        tokio::task::yield_now().await;
        ground.writer.close().await;
        started.elapsed()
    };
    let (appended, closed) = tokio::join!(append, close);
    assert_eq!(appended.unwrap(), [0]);
    assert_eq!(closed, Duration::from_millis(10));
    let late = ground.append(vec![batch(log(0), &["b"], None)]).await;
    assert!(matches!(late, Err(AppendError::Closed)));
}

#[tokio::test(start_paused = true)]
async fn what_was_taken_is_written_also_when_nobody_waits() {
    let ground = ground(settings());
    let append = ground.append(vec![batch(log(0), &["a"], None)]);
    assert!(tokio::time::timeout(Duration::from_millis(1), append).await.is_err());
    ground.writer.close().await;
    assert_eq!(ground.records(0).await, ["a"]);
    let empty = ground.append(vec![]).await;
    assert!(matches!(empty, Err(AppendError::Empty)));
    assert_eq!(ground.objects.list(&ObjectPrefix::all(), None, 10).await.unwrap().len(), 1);
}
