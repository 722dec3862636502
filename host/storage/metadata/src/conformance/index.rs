use std::time::Duration;

use forebay_model::{ByteCount, Timestamp};

use super::Site;
use super::scene::{BATCH, Scene, at, batch, log, offset, request, unexpected};
use crate::{
    BatchCommit, Clock as _, DeleteBefore, FindFrom, FindRefusal, LogBounds, LogMissing, OffsetQuery,
    OffsetsFound, ProduceOutcome, TimestampType,
};

/// Each partition by itself, without gaps.
pub async fn offsets_are_dense_in_the_order_of_the_commit(site: &dyn Site) {
    let scene = Scene::new(site).await;
    let topic = scene.topic("a", 2).await;
    let (a, b) = (log(topic, 0), log(topic, 1));
    let commit = scene.segment(vec![request(vec![batch(a, 3), batch(b, 2)]), request(vec![batch(a, 1)])]);
    let outcome = scene.commit(&commit).await.expect("new");
    let offsets = |outcome: &ProduceOutcome| match outcome {
        ProduceOutcome::Committed(batches) => {
            batches.iter().map(|batch| batch.base_offset.get()).collect::<Vec<_>>()
        }
        ProduceOutcome::Refused(_) => unexpected(outcome),
    };
    assert_eq!(outcome.requests.iter().map(offsets).collect::<Vec<_>>(), [vec![0, 0], vec![3]]);
    assert_eq!(scene.append(batch(a, 2)).await.base_offset.get(), 4);
    assert_eq!(scene.append(batch(b, 1)).await.base_offset.get(), 2);
    assert_eq!(scene.bounds(a).await, Some(LogBounds { log_start: offset(0), high_watermark: offset(6) }));

    let found = scene.find(a, 3, 1_000).await.expect("in range");
    let lies: Vec<_> = found
        .runs
        .iter()
        .map(|run| (run.base_offset.get(), run.end_offset.get(), run.position.get()))
        .collect();
    assert_eq!(lies, [(3, 4, 2 * BATCH), (4, 6, 0)]);
    assert_eq!(found.runs[0].segment, commit.segment);
}

/// What lies together and belongs together is one row; a batch between two that is found elsewhere divides them.
pub async fn adjacent_batches_are_one_run(site: &dyn Site) {
    let scene = Scene::new(site).await;
    let topic = scene.topic("a", 2).await;
    let (a, b) = (log(topic, 0), log(topic, 1));
    let appended = BatchCommit { timestamps: TimestampType::LogAppendTime, ..batch(a, 1) };
    let batches =
        vec![at(batch(a, 1), 5), at(batch(a, 2), 9), at(batch(a, 3), 7), batch(b, 1), batch(a, 1), appended];
    scene.produce(batches).await;
    let found = scene.find(a, 0, 10_000).await.expect("in range");
    let runs: Vec<_> = found
        .runs
        .iter()
        .map(|run| (run.base_offset.get(), run.length.get() / BATCH, run.max_timestamp.millis()))
        .collect();
    let now = scene.clock.now().millis();
    assert_eq!(runs, [(0, 3, 9), (6, 1, 0), (7, 1, now)]);
}

/// At least one run, whatever the budget.
pub async fn finding_stops_at_the_budget(site: &dyn Site) {
    let scene = Scene::new(site).await;
    let topic = scene.topic("a", 3).await;
    for partition in [0, 0, 0, 0, 1, 2] {
        scene.append(batch(log(topic, partition), 1)).await;
    }
    let found = async |logs: [i32; 2], each, all| {
        let from = logs.map(|partition| FindFrom {
            log: log(topic, partition),
            offset: offset(0),
            max_bytes: ByteCount::new(each),
        });
        let found = scene.store.find(&scene.cluster, from.to_vec(), ByteCount::new(all)).await;
        found.expect("there").into_iter().map(|found| found.expect("in range").runs.len()).collect::<Vec<_>>()
    };
    assert_eq!(found([0, 1], 2 * BATCH, 10_000).await, [2, 1]);
    assert_eq!(found([0, 1], 2 * BATCH + 1, 10_000).await, [3, 1]);
    assert_eq!(found([0, 1], 10_000, 2 * BATCH).await, [2, 0]);
    assert_eq!(found([0, 1], 10_000, 4 * BATCH + 1).await, [4, 1]);
    assert_eq!(found([0, 1], 0, 0).await, [1, 0]);
    assert_eq!(found([1, 2], 1, 10_000).await, [1, 1]);
}

/// The end of a log is in it; there is just nothing there yet.
pub async fn offsets_out_of_range_are_refused(site: &dyn Site) {
    let scene = Scene::new(site).await;
    let a = log(scene.topic("a", 1).await, 0);
    scene.append(batch(a, 3)).await;
    assert!(scene.find(a, 3, 1).await.expect("in range").runs.is_empty());
    let bounds = LogBounds { log_start: offset(0), high_watermark: offset(3) };
    assert_eq!(scene.find(a, 4, 1).await, Err(FindRefusal::OutOfRange(bounds)));
    let before = vec![(a, DeleteBefore::Offset(offset(2)))];
    scene.store.delete_records(&scene.cluster, before).await.expect("there")[0].expect("in range");
    assert_eq!(scene.find(a, 2, 1).await.expect("in range").runs[0].base_offset, offset(0));
    let bounds = LogBounds { log_start: offset(2), ..bounds };
    assert_eq!(scene.find(a, 1, 1).await, Err(FindRefusal::OutOfRange(bounds)));
    let missing = log(forebay_model::TopicId::from_random(9), 0);
    assert_eq!(scene.find(missing, 0, 1).await, Err(FindRefusal::NoPartition));
}

/// The first run whose latest timestamp is late enough; timestamps need not rise.
pub async fn offsets_are_listed_by_time(site: &dyn Site) {
    let scene = Scene::new(site).await;
    let a = log(scene.topic("a", 1).await, 0);
    for (records, time) in [(10, 100), (1, 50), (3, 300), (2, 200), (1, 300)] {
        scene.append(at(batch(a, records), time)).await;
    }
    let ask = async |query| list(&scene, a, query).await.expect("it exists");
    let runs = async |millis| match ask(since(millis)).await {
        OffsetsFound::Within { run, from, at_least } => {
            assert_eq!((from, at_least.millis()), (run.base_offset, millis));
            Some(run.base_offset.get())
        }
        OffsetsFound::None => None,
        other @ OffsetsFound::Offset { .. } => unexpected(&other),
    };
    let mut found = Vec::new();
    for millis in [-1, 100, 101, 299, 300, 301] {
        found.push(runs(millis).await);
    }
    assert_eq!(found, [Some(0), Some(0), Some(11), Some(11), Some(11), None]);
    let latest = ask(OffsetQuery::MaxTimestamp).await;
    assert!(
        matches!(&latest, OffsetsFound::Within { run, .. } if run.base_offset == offset(11)),
        "{latest:?}"
    );
    assert_eq!(ask(OffsetQuery::Latest).await, OffsetsFound::Offset { offset: offset(17), timestamp: None });
    assert_eq!(ask(OffsetQuery::Earliest).await, OffsetsFound::Offset { offset: offset(0), timestamp: None });
    let missing = log(forebay_model::TopicId::from_random(9), 0);
    assert_eq!(list(&scene, missing, OffsetQuery::Latest).await, Err(LogMissing));
}

fn since(millis: i64) -> OffsetQuery {
    OffsetQuery::At { timestamp: Timestamp::from_millis(millis), from: offset(0) }
}

async fn list(
    scene: &Scene,
    log: forebay_model::TopicIdPartition,
    query: OffsetQuery,
) -> Result<OffsetsFound, LogMissing> {
    let mut answers = scene.store.list_offsets(&scene.cluster, vec![(log, query)]).await.expect("there");
    answers.pop().expect("an answer for each")
}

/// What was late in deleted records does not hide, nor stand for, what is left.
pub async fn deleted_timestamps_are_no_longer_found(site: &dyn Site) {
    let scene = Scene::new(site).await;
    let a = log(scene.topic("a", 1).await, 0);
    for time in [900, 10, 20, 15] {
        scene.append(at(batch(a, 2), time)).await;
    }
    let before = vec![(a, DeleteBefore::Offset(offset(3)))];
    scene.store.delete_records(&scene.cluster, before).await.expect("there")[0].expect("in range");
    let base = async |query| match list(&scene, a, query).await.expect("it exists") {
        OffsetsFound::Within { run, from, .. } => Some((run.base_offset.get(), from.get())),
        OffsetsFound::None => None,
        other @ OffsetsFound::Offset { .. } => unexpected(&other),
    };
    assert_eq!(base(since(5)).await, Some((2, 3)));
    assert_eq!(base(since(12)).await, Some((4, 4)));
    assert_eq!(base(since(21)).await, None);
    assert_eq!(base(OffsetQuery::MaxTimestamp).await, Some((4, 4)));
    let behind = OffsetQuery::At { timestamp: Timestamp::from_millis(12), from: offset(6) };
    assert_eq!(base(behind).await, Some((6, 6)));
}

/// Whatever the producer says.
pub async fn log_append_time_is_the_time_of_the_commit(site: &dyn Site) {
    let scene = Scene::new(site).await;
    let a = log(scene.topic("a", 1).await, 0);
    let appended = BatchCommit { timestamps: TimestampType::LogAppendTime, ..at(batch(a, 2), 7) };
    let now = scene.clock.now();
    assert_eq!(scene.append(appended.clone()).await.log_append_time, Some(now));
    scene.clock.advance(Duration::from_secs(1));
    scene.append(appended).await;
    let second = OffsetQuery::At { timestamp: now.after(Duration::from_millis(1)), from: offset(0) };
    let found = list(&scene, a, second).await.expect("it exists");
    let timestamp = Some(now.after(Duration::from_secs(1)));
    assert_eq!(found, OffsetsFound::Offset { offset: offset(2), timestamp });
    assert_eq!(scene.append(at(batch(a, 1), 7)).await.log_append_time, None);
}

/// To the minute for the last hour at least, and hardly worse before.
pub async fn minutes_tell_about_when_offsets_were_committed(site: &dyn Site) {
    let scene = Scene::new(site).await;
    let a = log(scene.topic("a", 1).await, 0);
    let mut times = Vec::new();
    for minute in 0..300_u64 {
        times.push(scene.clock.now());
        scene.append(batch(a, 10)).await;
        // Nothing comes in every seventh minute.
        scene.clock.advance(Duration::from_mins(if minute % 7 == 0 { 2 } else { 1 }));
    }
    let about = async |at: i64| {
        let told = scene.store.committed_about(&scene.cluster, vec![(a, offset(at))]).await;
        told.expect("there")[0].map(Timestamp::millis)
    };
    for (minute, time) in times.iter().enumerate() {
        let told = about(i64::try_from(minute).expect("small") * 10 + 5).await.expect("it is known");
        let exact = if minute >= 250 { 60_000 } else { 15 * 60_000 };
        assert!((told - time.millis()).abs() <= exact, "{minute}: {told} for {time}");
    }
    assert_eq!(about(3_000).await, None);
}
