use std::time::Duration;

use forebay_model::{ByteCount, CommitId, Offset, SegmentName, Timestamp, TopicIdPartition};

use super::Site;
use super::scene::{BATCH, Scene, at, batch, log, of, offset, request, segment};
use crate::{
    Clock as _, CompactedSegment, CompactionError, DeleteBefore, JobHolder, JobTerms, OffsetQuery,
    OffsetsFound, Replaced, Replacement, Run, SegmentLevel, Verdict,
};

pub(super) async fn compacted(scene: &Scene) -> CompactedSegment {
    let number = scene.number();
    let new = CompactedSegment {
        id: CommitId::from_random(number.into()),
        segment: segment(&format!("segments/compacted-{number}")),
        named_at: scene.clock.now(),
        size: ByteCount::new(1_000),
        level: SegmentLevel::INGESTED.next(),
    };
    scene.store.commit_compacted(&scene.cluster, new.clone()).await.expect("it is new");
    new
}

/// One run for all of these.
pub(super) fn merged(log: TopicIdPartition, old: &[Run], into: &SegmentName) -> Replacement {
    let (first, last) = (&old[0], &old[old.len() - 1]);
    let run = Run {
        segment: into.clone(),
        position: ByteCount::new(8),
        length: ByteCount::new(old.iter().map(|run| run.length.get()).sum()),
        base_offset: first.base_offset,
        end_offset: last.end_offset,
        max_timestamp: old.iter().map(|run| run.max_timestamp).max().expect("one at least"),
        log_append_time: None,
    };
    Replacement { log, old: old.to_vec(), new: vec![run], cleaned_to: None }
}

pub(super) async fn replace(scene: &Scene, into: &SegmentName, what: Vec<Replacement>) -> Vec<Replaced> {
    scene.store.replace_runs(&scene.cluster, None, into, what).await.expect("it is there")
}

async fn all(scene: &Scene, log: TopicIdPartition, from: i64) -> Vec<Run> {
    scene.find(log, from, u64::MAX).await.expect("in range").runs
}

fn ends(runs: &[Run]) -> Vec<(i64, i64)> {
    runs.iter().map(|run| (run.base_offset.get(), run.end_offset.get())).collect()
}

/// The segments that they were in have fewer, and in the end none.
pub async fn runs_are_replaced_and_their_segments_released(site: &dyn Site) {
    let mut scene = Scene::new(site).await;
    let topic = scene.topic("a", 2).await;
    let (a, b) = (log(topic, 0), log(topic, 1));
    let mut inputs = Vec::new();
    for time in [7, 3, 5] {
        let commit = scene.segment(vec![request(vec![at(batch(a, 2), time), at(batch(b, 1), time)])]);
        scene.commit(&commit).await.expect("new");
        inputs.push(commit.segment);
    }
    let level = SegmentLevel::INGESTED;
    let young = scene.store.compactable(&scene.cluster, level, Duration::from_secs(1), 9).await;
    assert_eq!(young.expect("there"), []);
    scene.clock.advance(Duration::from_secs(1));
    let found =
        scene.store.compactable(&scene.cluster, level, Duration::from_secs(1), 2).await.expect("there");
    let names: Vec<_> = found.iter().map(|found| (found.segment.clone(), found.runs)).collect();
    assert_eq!(names, [(inputs[0].clone(), 2), (inputs[1].clone(), 2)]);
    let runs = scene.store.runs_in(&scene.cluster, inputs.clone()).await.expect("there");
    let of_log = |wanted| -> Vec<Run> {
        runs.iter().filter(|(log, _)| *log == wanted).map(|(_, run)| run.clone()).collect()
    };
    assert_eq!((of_log(a), of_log(b)), (all(&scene, a, 0).await, all(&scene, b, 0).await));

    let new = compacted(&scene).await;
    scene.store.commit_compacted(&scene.cluster, new.clone()).await.expect("it was done already");
    let both = vec![merged(a, &of_log(a), &new.segment), merged(b, &of_log(b)[..2], &new.segment)];
    assert_eq!(replace(&scene, &new.segment, both.clone()).await, [Replaced::Done, Replaced::Done]);
    // Whoever asks again changes nothing.
    assert_eq!(replace(&scene, &new.segment, both).await, [Replaced::Changed, Replaced::Changed]);
    if site.is_durable() {
        scene.reopen(site).await;
    }
    assert_eq!(all(&scene, a, 3).await, [merged(a, &of_log(a), &new.segment).new[0].clone()]);
    assert_eq!(ends(&all(&scene, b, 0).await), [(0, 2), (2, 3)]);
    let free = scene.store.unreferenced(&scene.cluster, Duration::ZERO, 9).await.expect("there");
    assert_eq!(free, inputs[..2]);
    let verdicts = scene.store.condemn(&scene.cluster, vec![new.segment, inputs[2].clone()]).await;
    assert_eq!(verdicts.expect("there"), [Verdict::Referenced, Verdict::Referenced]);
    let left = scene.store.compactable(&scene.cluster, level, Duration::ZERO, 9).await.expect("there");
    assert_eq!(left.iter().map(|left| &left.segment).collect::<Vec<_>>(), [&inputs[2]]);
    scene.store.set_level(&scene.cluster, vec![inputs[2].clone()], SegmentLevel::LAST).await.expect("there");
    assert_eq!(scene.store.compactable(&scene.cluster, level, Duration::ZERO, 9).await.expect("there"), []);
    // The log goes on where it was, and is as long as it was.
    assert_eq!(scene.append(batch(a, 1)).await.base_offset, offset(6));
}

/// By retention, deleted records, a deleted topic, or another compaction.
pub async fn what_has_changed_meanwhile_is_not_replaced(site: &dyn Site) {
    let scene = Scene::new(site).await;
    let topic = scene.topic("a", 2).await;
    let (a, b) = (log(topic, 0), log(topic, 1));
    for log in [a, a, a, b, b] {
        scene.append(batch(log, 2)).await;
    }
    let (of_a, of_b) = (all(&scene, a, 0).await, all(&scene, b, 0).await);
    let new = compacted(&scene).await;
    let before = vec![(a, DeleteBefore::Offset(offset(2)))];
    scene.store.delete_records(&scene.cluster, before).await.expect("there")[0].expect("it exists");
    let what = vec![merged(a, &of_a, &new.segment), merged(b, &of_b, &new.segment)];
    assert_eq!(replace(&scene, &new.segment, what).await, [Replaced::Changed, Replaced::Done]);
    assert_eq!(ends(&all(&scene, a, 2).await), [(2, 4), (4, 6)]);
    // A part of what is there is as good as all.
    let what = vec![merged(a, &of_a[1..2], &new.segment)];
    assert_eq!(replace(&scene, &new.segment, what).await, [Replaced::Done]);
    // What was seen may look the same, in another segment.
    assert_eq!(
        replace(&scene, &new.segment, vec![merged(a, &of_a[1..], &new.segment)]).await,
        [Replaced::Changed]
    );
    scene.store.delete_topic(&scene.cluster, topic).await.expect("it exists");
    assert_eq!(
        replace(&scene, &new.segment, vec![merged(b, &of_b, &new.segment)]).await,
        [Replaced::Changed]
    );
}

/// Nor into one that was never committed, nor with other offsets, nor by who has lost the lease.
pub async fn nothing_is_moved_into_a_condemned_segment(site: &dyn Site) {
    let scene = Scene::new(site).await;
    let a = log(scene.topic("a", 1).await, 0);
    for _ in 0..2 {
        scene.append(batch(a, 2)).await;
    }
    let runs = all(&scene, a, 0).await;
    let refused = async |into: &SegmentName, what: Replacement| {
        scene.store.replace_runs(&scene.cluster, None, into, vec![what]).await.expect_err("refused")
    };
    let nowhere = segment("segments/never");
    let condemned = CompactionError::Condemned { segment: nowhere.clone() };
    assert_eq!(refused(&nowhere, merged(a, &runs, &nowhere)).await, condemned);
    let new = compacted(&scene).await;
    let verdict = scene.store.condemn(&scene.cluster, vec![new.segment.clone()]).await.expect("there");
    assert_eq!(verdict, [Verdict::Condemned]);
    let condemned = CompactionError::Condemned { segment: new.segment.clone() };
    assert_eq!(refused(&new.segment, merged(a, &runs, &new.segment)).await, condemned);
    assert_eq!(scene.store.commit_compacted(&scene.cluster, new).await, Err(condemned));
    let new = compacted(&scene).await;
    let longer = Replacement { old: runs[..1].to_vec(), ..merged(a, &runs, &new.segment) };
    assert!(matches!(refused(&new.segment, longer).await, CompactionError::Invalid { index: 0, .. }));
    let (job, terms) =
        ("compaction".parse().expect("a name"), JobTerms { lease: Duration::ZERO, every: Duration::ZERO });
    let acquire = async |holder| {
        let holder = JobHolder::from_random(holder);
        scene.store.acquire_job(&scene.cluster, &job, holder, terms).await.expect("there").expect("free")
    };
    let (lost, held) = (acquire(1).await, acquire(2).await);
    let what = vec![merged(a, &runs, &new.segment)];
    let replace =
        async |lease, what| scene.store.replace_runs(&scene.cluster, Some(lease), &new.segment, what).await;
    assert_eq!(replace(&lost, what.clone()).await, Err(CompactionError::Fenced));
    assert_eq!(ends(&all(&scene, a, 0).await), [(0, 2), (2, 4)]);
    assert_eq!(replace(&held, what).await, Ok(vec![Replaced::Done]));
}

/// What producers have sent, when it was committed, and when it was made.
pub async fn compaction_changes_nothing_else(site: &dyn Site) {
    let scene = Scene::new(site).await;
    let a = log(scene.topic("a", 1).await, 0);
    scene.clock.advance(Duration::from_hours(1));
    for (sequence, time) in [(0, 30), (1, 10), (2, 20), (3, 40)] {
        scene.append(of(at(batch(a, 1), time), 7, 0, sequence)).await;
        scene.clock.advance(Duration::from_mins(1));
    }
    let about = async || {
        let records = (0..4).map(|at| (a, offset(at))).collect();
        scene.store.committed_about(&scene.cluster, records).await.expect("there")
    };
    let (bounds, times, runs) = (scene.bounds(a).await, about().await, all(&scene, a, 0).await);
    let new = compacted(&scene).await;
    assert_eq!(
        replace(&scene, &new.segment, vec![merged(a, &runs[..3], &new.segment)]).await,
        [Replaced::Done]
    );
    assert_eq!((scene.bounds(a).await, about().await), (bounds, times));
    let within = async |millis| {
        let query = OffsetQuery::At { timestamp: Timestamp::from_millis(millis), from: Offset::ZERO };
        let mut found = scene.store.list_offsets(&scene.cluster, vec![(a, query)]).await.expect("there");
        match found.remove(0) {
            Ok(OffsetsFound::Within { run, .. }) => Some(run.base_offset.get()),
            _ => None,
        }
    };
    assert_eq!((within(25).await, within(31).await, within(41).await), (Some(0), Some(3), None));
    // Its sequences go on, and a duplicate has the offset that it had.
    assert!(scene.append(of(batch(a, 1), 7, 0, 2)).await.is_duplicate);
    assert_eq!(scene.append(of(at(batch(a, 1), 5), 7, 0, 4)).await.base_offset, offset(4));
    // Keyed compaction: the record with the latest time of the head is gone.
    let runs = all(&scene, a, 0).await;
    let mut cleaned = merged(a, &runs[..1], &new.segment);
    cleaned.new[0].max_timestamp = Timestamp::from_millis(20);
    cleaned.new[0].length = ByteCount::new(BATCH);
    cleaned.cleaned_to = Some(offset(3));
    assert_eq!(replace(&scene, &new.segment, vec![cleaned]).await, [Replaced::Done]);
    assert_eq!((within(15).await, within(25).await), (Some(0), Some(3)));
    let to = scene.store.cleaned_to(&scene.cluster, vec![a]).await.expect("there");
    assert_eq!(to, [Some(offset(3))]);
    // Its bytes are counted as they are: with one less than there are, the head goes.
    let kept = crate::RetentionLimits { age: None, size: Some(ByteCount::new(2 * BATCH)) };
    let trimmed = scene.store.trim(&scene.cluster, a, kept, 9, None).await.expect("it exists");
    assert_eq!((trimmed.runs, trimmed.log_start, trimmed.bytes), (1, offset(3), ByteCount::new(BATCH)));
}
