//! Segments that are put together, and logs that are compacted by key.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use forebay_kafka_wire::Compression;
use forebay_model::{ByteCount, Offset, Timestamp};
use forebay_storage_log::{CompactorError, CompactorSettings, KeyedPolicy, Writer, WriterSettings};
use forebay_storage_metadata::{
    DeleteBefore, FindFrom, JobHolder, JobTerms, Kind, OffsetQuery, SegmentLevel, TimestampType,
};

use crate::ground::{cluster, reader, settings, writer};
use crate::place::{POLICY, Place, Read, eager, keyed};

const ALL: [Compression; 5] =
    [Compression::None, Compression::Gzip, Compression::Snappy, Compression::Lz4, Compression::Zstd];

fn quick(place: &Place) -> Writer {
    let quick = WriterSettings { batch_timeout: Duration::ZERO, ..settings() };
    writer(&place.objects, Arc::clone(&place.metadata), quick)
}

/// A segment each.
async fn write(place: &Place, writer: &Writer, partition: i32, records: &[(&str, Option<&str>)], time: i64) {
    let compression = ALL[usize::try_from(time).unwrap_or(0) % ALL.len()];
    let batch = keyed(place.log(partition), records, time, compression, None);
    writer.append(&cluster(), vec![batch]).await.unwrap();
}

fn last_values(records: &[Read]) -> BTreeMap<String, Option<String>> {
    records.iter().map(|(_, _, key, value)| (key.clone(), value.clone())).collect()
}

#[tokio::test]
async fn what_lies_in_many_segments_is_put_together_by_partition() {
    let place = Place::new("together", 3).await;
    let writer = quick(&place);
    for n in 0..24_i64 {
        let mut batches = Vec::new();
        for partition in 0..3 {
            let mut batch =
                keyed(place.log(partition), &[("k", Some("v")), ("l", Some("w"))], n, ALL[0], None);
            if partition == 2 {
                batch.timestamps = TimestampType::LogAppendTime;
            }
            batches.push(batch);
        }
        writer.append(&cluster(), batches).await.unwrap();
        place.clock.advance(Duration::from_secs(1));
    }
    let mut before = Vec::new();
    for partition in 0..3 {
        before.push(place.records(partition, 1000).await);
        assert_eq!(place.runs(partition).await.len(), 24);
    }
    let done = place.compact(SegmentLevel::INGESTED).await;
    assert_eq!((done.segments, done.runs, done.in_vain), (24, 69, 0));
    place.clean().await;
    assert_eq!(place.segments().await, 1);
    for partition in 0..3_i32 {
        assert_eq!(place.runs(partition).await.len(), 1);
        for max_bytes in [1, 1000, 1 << 20] {
            assert_eq!(
                place.records(partition, max_bytes).await,
                before[usize::try_from(partition).unwrap()]
            );
        }
    }
    // By time, also where records have that of their commit, which differs from batch to batch.
    let reader = reader(&place.objects, Arc::clone(&place.metadata));
    for (partition, records) in (0..3).zip(&before) {
        let (offset, time, ..) = records[20];
        let query = OffsetQuery::At { timestamp: Timestamp::from_millis(time), from: Offset::ZERO };
        let found = reader.list_offsets(&cluster(), vec![(place.log(partition), query)]).await.unwrap();
        assert_eq!(found[0].unwrap().map(|(offset, _)| offset.get()), Some(offset));
    }
    // Once more, with what came meanwhile, and then no more.
    for n in 0..3 {
        write(&place, &writer, 0, &[("k", Some("later"))], n).await;
    }
    assert_eq!(place.compact(SegmentLevel::INGESTED).await.segments, 3);
    assert_eq!(place.compact(SegmentLevel::INGESTED.next()).await.segments, 2);
    assert_eq!(place.compact(SegmentLevel::LAST).await.segments, 0);
    assert_eq!(place.runs(0).await.len(), 1);
    assert_eq!(place.records(0, 1000).await.len(), 51);
    place.clean().await;
    assert_eq!(place.segments().await, 1);
}

/// It knows where some of the records were, and asks only for the others.
#[tokio::test]
async fn who_remembers_the_index_reads_on_behind_what_was_put_together() {
    let place = Place::new("remembered", 1).await;
    let writer = quick(&place);
    for n in 0..12 {
        write(&place, &writer, 0, &[("k", Some("v"))], n).await;
    }
    let reader = reader(&place.objects, Arc::clone(&place.metadata));
    let (log, few) = (place.log(0), ByteCount::new(100));
    let from = vec![FindFrom { log, offset: Offset::ZERO, max_bytes: few }];
    reader.fetch(&cluster(), from, few).await.unwrap();
    place.compact(SegmentLevel::INGESTED).await;
    let offsets = async |max_bytes| -> Vec<i64> {
        let records = place.records_by(&reader, 0, max_bytes).await;
        records.iter().map(|(offset, ..)| *offset).collect()
    };
    assert_eq!(offsets(1 << 20).await, (0..12).collect::<Vec<_>>());
    place.clean().await;
    assert_eq!(offsets(200).await, (0..12).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_segment_that_is_broken_stays_and_others_are_put_together() {
    let place = Place::new("broken", 1).await;
    let writer = quick(&place);
    for n in 0..6 {
        write(&place, &writer, 0, &[("k", Some("v"))], n).await;
    }
    let runs = place.runs(0).await;
    let broken = runs[2].segment.as_str().parse().unwrap();
    let bytes = place.objects.get(&broken, 0..1 << 20).await.unwrap();
    let mut changed = bytes.to_vec();
    changed[8 + 70] ^= 1;
    place.objects.put(&broken, changed.into()).await.unwrap();
    let done = place.compact(SegmentLevel::INGESTED).await;
    assert_eq!((done.segments, done.in_vain), (6, 0));
    let left: Vec<_> =
        place.runs(0).await.iter().map(|run| (run.base_offset.get(), run.end_offset.get())).collect();
    assert_eq!(left, [(0, 2), (2, 3), (3, 6)]);
    assert_eq!(place.runs(0).await[1], runs[2]);
}

#[tokio::test]
async fn of_each_key_the_last_record_is_kept() {
    let place = Place::new("keyed", 1).await;
    let writer = quick(&place);
    for n in 0..30_i64 {
        let (key, value) = (format!("k{}", n % 7), n.to_string());
        write(&place, &writer, 0, &[(&key, Some(&value)), ("hot", Some(&value))], n).await;
    }
    let before = place.records(0, 1000).await;
    let done = place.compact_keys(eager(), POLICY).await.unwrap();
    assert_eq!((done.segments, done.records, done.is_more), (1, 60 - 8, false));
    place.clean().await;
    assert_eq!(place.segments().await, 1);
    let after = place.records(0, 1 << 20).await;
    assert_eq!(last_values(&after), last_values(&before));
    assert_eq!(after.len(), 8);
    assert!(after.iter().all(|record| before.contains(record)), "offsets and times are as they were");
    assert_eq!(place.records(0, 1).await, after);
    // A fetch at an offset whose record is gone goes on behind it; the bounds are what they were.
    let bounds = place.metadata.bounds(&cluster(), vec![place.log(0)]).await.unwrap()[0].unwrap();
    assert_eq!((bounds.log_start.get(), bounds.high_watermark.get()), (0, 60));
    // Clean logs are left alone, and what comes is compacted with what there is.
    assert_eq!(place.compact_keys(eager(), POLICY).await.unwrap().segments, 0);
    write(&place, &writer, 0, &[("k3", Some("new"))], 99).await;
    let lazy = KeyedPolicy { min_dirty_ratio: 0.9, ..POLICY };
    assert_eq!(place.compact_keys(eager(), lazy).await.unwrap().segments, 0);
    place.clock.advance(Duration::from_hours(1));
    let overdue = KeyedPolicy { max_lag: Some(Duration::from_mins(30)), ..lazy };
    assert_eq!(place.compact_keys(eager(), overdue).await.unwrap().records, 1);
    let after = place.records(0, 1000).await;
    assert_eq!(after.len(), 8);
    assert_eq!(last_values(&after)["k3"], Some("new".to_owned()));
    // Found by time, where the run with the latest of all was written anew.
    let reader = reader(&place.objects, Arc::clone(&place.metadata));
    let at = |millis| OffsetQuery::At { timestamp: Timestamp::from_millis(millis), from: Offset::ZERO };
    let found =
        reader.list_offsets(&cluster(), vec![(place.log(0), at(29)), (place.log(0), at(0))]).await.unwrap();
    let first = after.iter().find(|(_, time, ..)| *time >= 29).unwrap();
    assert_eq!(found[0].unwrap().map(|(offset, _)| offset.get()), Some(first.0));
    assert_eq!(found[1].unwrap().map(|(offset, _)| offset.get()), Some(after[0].0));
}

#[tokio::test]
async fn tombstones_stay_until_their_time_has_come() {
    let place = Place::new("tombstones", 1).await;
    let writer = quick(&place);
    write(&place, &writer, 0, &[("a", Some("1")), ("b", Some("1"))], 1).await;
    write(&place, &writer, 0, &[("a", None)], 2).await;
    let compact = async || place.compact_keys(eager(), POLICY).await.unwrap().records;
    assert_eq!(compact().await, 1);
    let marked = [(1, 1, "b".to_owned(), Some("1".to_owned())), (2, 2, "a".to_owned(), None)];
    assert_eq!(place.records(0, 1000).await, marked);
    place.clock.advance(Duration::from_mins(59));
    write(&place, &writer, 0, &[("c", Some("1"))], 3).await;
    assert_eq!(compact().await, 0);
    place.clock.advance(Duration::from_mins(1));
    write(&place, &writer, 0, &[("d", Some("1"))], 4).await;
    assert_eq!(compact().await, 1);
    let keys: Vec<_> =
        place.records(0, 1000).await.into_iter().map(|(offset, _, key, _)| (offset, key)).collect();
    assert_eq!(keys, [(1, "b".to_owned()), (3, "c".to_owned()), (4, "d".to_owned())]);
}

#[tokio::test]
async fn keys_that_do_not_fit_take_several_rounds_and_pieces() {
    let place = Place::new("rounds", 1).await;
    let writer = quick(&place);
    for n in 0..40_i64 {
        let (key, value) = (format!("k{}", n % 20), n.to_string());
        write(&place, &writer, 0, &[(&key, Some(&value))], n).await;
    }
    // Room for nine keys; each run is a piece, and a segment has two or three.
    let small = CompactorSettings {
        key_memory: ByteCount::new(9 * 64),
        piece: ByteCount::new(1),
        keyed_segment: ByteCount::new(250),
        ..eager()
    };
    let mut rounds = 0;
    while place.compact_keys(small, POLICY).await.unwrap().is_more {
        rounds += 1;
    }
    assert!(rounds >= 3, "{rounds}");
    let records = place.records(0, 1000).await;
    let offsets: Vec<_> = records.iter().map(|(offset, ..)| *offset).collect();
    assert_eq!(offsets, (20..40).collect::<Vec<_>>());
}

#[tokio::test]
async fn young_records_and_deleted_ones_are_told_apart() {
    let place = Place::new("lag", 1).await;
    let writer = quick(&place);
    let now = place.metadata.now().await.unwrap().millis();
    for (n, age) in [(0, 10_000), (1, 9_000), (2, 8_000), (3, 10)] {
        write(&place, &writer, 0, &[("k", Some(&n.to_string())), ("l", Some("x"))], now - age).await;
    }
    let before = vec![(place.log(0), DeleteBefore::Offset(Offset::new(1).unwrap()))];
    place.metadata.delete_records(&cluster(), before).await.unwrap()[0].unwrap();
    let patient = KeyedPolicy { min_lag: Duration::from_secs(1), ..POLICY };
    place.compact_keys(eager(), patient).await.unwrap();
    let offsets: Vec<_> = place.records(0, 1000).await.iter().map(|(offset, ..)| *offset).collect();
    assert_eq!(offsets, [4, 5, 6, 7]);
}

/// Another agent has the job, and what this one has read is old.
#[tokio::test]
async fn who_has_lost_the_lease_exchanges_nothing() {
    let place = Place::new("lost", 1).await;
    let writer = quick(&place);
    for n in 0..4 {
        write(&place, &writer, 0, &[("k", Some("v"))], n).await;
    }
    let mut held = place.held().await;
    place.clock.advance(Duration::from_mins(3));
    let terms = JobTerms { lease: Duration::from_mins(2), every: Duration::ZERO };
    let (job, other) = ("compaction".parse().unwrap(), JobHolder::from_random(2));
    place.metadata.acquire_job(&cluster(), &job, other, terms).await.unwrap().unwrap();
    let compactor = place.compactor(eager());
    let lost = |error: CompactorError| assert_eq!(error.kind(), Kind::Fenced);
    lost(compactor.compact(&cluster(), &mut held, SegmentLevel::INGESTED).await.unwrap_err());
    lost(compactor.compact_keys(&cluster(), &mut held, &[(place.log(0), POLICY)]).await.unwrap_err());
    assert_eq!(place.runs(0).await.len(), 4);
    place.clean().await;
    assert_eq!(place.records(0, 1000).await.len(), 4);
}
