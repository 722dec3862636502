use std::sync::Arc;

use forebay_kafka_wire::RecordBatch;
use forebay_model::{ByteCount, Offset, Timestamp};
use forebay_storage_log::{BLOCK_BYTES, BlockCache, FetchRefusal, Fetched, Reader};
use forebay_storage_metadata::{FindFrom, FindRefusal, Kind, MetadataStore, OffsetQuery, TimestampType};
use forebay_storage_objects::{ObjectName, ObjectPrefix, Objects, Payload};

use crate::ground::{batch, bucket, cluster, log, read_all, reader, settings, writer};
use crate::ledger::Ledger;

async fn written(values: &[&[&str]]) -> (Arc<dyn Objects>, Arc<Ledger>) {
    let objects = bucket("reader");
    let ledger = Arc::new(Ledger::with_partitions([log(0), log(1)]));
    let writer = writer(&objects, Arc::clone(&ledger) as _, settings());
    let batches = values.iter().map(|values| vec![batch(log(0), values, None)]);
    let cluster = cluster();
    let appends = batches.map(|batches| writer.append(&cluster, batches));
    for append in futures_util::future::join_all(appends).await {
        append.unwrap();
    }
    (objects, ledger)
}

fn as_store(ledger: &Arc<Ledger>) -> Arc<dyn MetadataStore> {
    Arc::clone(ledger) as _
}

fn from(partition: i32, offset: i64, max_bytes: u64) -> FindFrom {
    FindFrom {
        log: log(partition),
        offset: Offset::new(offset).unwrap(),
        max_bytes: ByteCount::new(max_bytes),
    }
}

fn offsets(fetched: &Result<Fetched, FetchRefusal>) -> Vec<i64> {
    let mut bytes = fetched.as_ref().unwrap().batches.join();
    let mut offsets = Vec::new();
    while !bytes.is_empty() {
        offsets.push(RecordBatch::split_from(&mut bytes).unwrap().header().base_offset.get());
    }
    offsets
}

#[tokio::test(start_paused = true)]
async fn a_fetch_begins_with_the_batch_that_has_the_offset_and_keeps_its_limits() {
    let (objects, ledger) = written(&[&["a", "b"], &["c", "d", "e"], &["f"]]).await;
    let reader = reader(&objects, as_store(&ledger));
    let fetch = async |offset, bytes| {
        let fetched = reader.fetch(&cluster(), vec![from(0, offset, bytes)], ByteCount::new(bytes)).await;
        offsets(&fetched.unwrap()[0])
    };
    assert_eq!(fetch(0, 1 << 20).await, [0, 2, 5]);
    assert_eq!(fetch(3, 1 << 20).await, [2, 5]);
    assert_eq!(fetch(3, 1).await, [2], "one batch in any case");
    assert_eq!(fetch(1, 150).await, [0], "no part of a batch");
    assert_eq!(fetch(6, 1 << 20).await, [0; 0]);
    // The last of these has no room: only the first batch of all is returned whatever its size.
    let both = vec![from(1, 0, 1), from(0, 0, 1), from(0, 2, 1)];
    let fetched = reader.fetch(&cluster(), both, ByteCount::new(1)).await.unwrap();
    assert_eq!(fetched.iter().map(offsets).collect::<Vec<_>>(), [vec![], vec![0], vec![]]);
    let refused =
        reader.fetch(&cluster(), vec![from(0, 7, 1), from(9, 0, 1)], ByteCount::new(1)).await.unwrap();
    assert!(matches!(&refused[0], Err(FetchRefusal::Index(FindRefusal::OutOfRange(_)))));
    assert!(matches!(&refused[1], Err(FetchRefusal::Index(FindRefusal::NoPartition))));
}

#[tokio::test(start_paused = true)]
async fn batches_of_many_blocks_are_read_whole() {
    // Headers and bodies that lie across the ends of blocks.
    let large: Vec<String> = (0..7).map(|n| n.to_string().repeat(1_500_000 + n * 7)).collect();
    let values: Vec<[&str; 1]> = large.iter().map(|value| [value.as_str()]).collect();
    let values: Vec<&[&str]> = values.iter().map(|value| &value[..]).collect();
    let (objects, ledger) = written(&values).await;
    let reader = reader(&objects, as_store(&ledger));
    for max_bytes in [1, 4 << 20, 100 << 20] {
        let records = read_all(&reader, log(0), max_bytes).await;
        assert!(records.into_iter().map(|(_, value)| value).eq(large.iter().cloned()));
    }
}

#[tokio::test(start_paused = true)]
async fn the_time_of_the_commit_is_written_into_headers() {
    let objects = bucket("append-time");
    let ledger = Arc::new(Ledger::with_partitions([log(0)]));
    ledger.advance(std::time::Duration::from_secs(77));
    let writer = writer(&objects, as_store(&ledger), settings());
    let mut new = batch(log(0), &["a", "b"], None);
    new.timestamps = TimestampType::LogAppendTime;
    writer.append(&cluster(), vec![new]).await.unwrap();
    let reader = reader(&objects, as_store(&ledger));
    // This compares the checksum as well.
    assert_eq!(read_all(&reader, log(0), 1000).await.len(), 2);
    let found = reader.list_offsets(&cluster(), vec![(log(0), OffsetQuery::MaxTimestamp)]).await.unwrap();
    assert_eq!(found, [Ok(Some((Offset::ZERO, Some(Timestamp::from_millis(77_000)))))]);
}

#[tokio::test(start_paused = true)]
async fn offsets_are_found_by_the_times_of_records() {
    // The times of records are 0, 1, 2 and so on in each batch.
    let (objects, ledger) = written(&[&["a", "b"], &["c", "d", "e"], &["f"], &["g", "h", "i", "j"]]).await;
    let reader = reader(&objects, as_store(&ledger));
    let at = async |millis| {
        let query = OffsetQuery::At { timestamp: Timestamp::from_millis(millis), from: Offset::ZERO };
        let found = reader.list_offsets(&cluster(), vec![(log(0), query)]).await.unwrap().remove(0);
        found.unwrap().map(|(offset, time)| (offset.get(), time.unwrap().millis()))
    };
    assert_eq!(at(0).await, Some((0, 0)));
    assert_eq!(at(1).await, Some((1, 1)));
    assert_eq!(at(2).await, Some((4, 2)));
    assert_eq!(at(3).await, Some((9, 3)));
    assert_eq!(at(4).await, None);
    let latest = vec![(log(0), OffsetQuery::MaxTimestamp), (log(9), OffsetQuery::MaxTimestamp)];
    let found = reader.list_offsets(&cluster(), latest).await.unwrap();
    assert_eq!(found[0].unwrap().unwrap().0.get(), 9);
    assert!(found[1].is_err());
}

#[tokio::test(start_paused = true)]
async fn an_index_that_is_old_is_read_again() {
    let (objects, ledger) = written(&[&["a", "b"]]).await;
    let old = ledger.runs(log(0))[0].segment.clone();
    let object: ObjectName = old.as_str().parse().unwrap();
    let size = objects.head(&object).await.unwrap().size;
    let bytes = objects.get(&object, 0..size).await.unwrap();
    let new: ObjectName = "vci_test/segments/compacted".parse().unwrap();
    objects.put(&new, Payload::from(bytes)).await.unwrap();
    objects.delete(&object).await.unwrap();
    let reader = reader(&objects, as_store(&ledger));

    // It is not there by any index: for now nothing can be said.
    let gone = reader.fetch(&cluster(), vec![from(0, 0, 100)], ByteCount::new(100)).await.unwrap().remove(0);
    assert_eq!(gone.unwrap_err().kind(), Kind::Retry);
    ledger.move_runs(&old, &new.as_str().parse().unwrap());
    assert_eq!(read_all(&reader, log(0), 1000).await.len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_segment_that_is_not_what_the_index_says_is_told_from_one_that_is_gone() {
    let (objects, ledger) = written(&[&["a", "b"], &["c"]]).await;
    let name: ObjectName = ledger.runs(log(0))[0].segment.as_str().parse().unwrap();
    let size = objects.head(&name).await.unwrap().size;
    let bytes = objects.get(&name, 0..size).await.unwrap();
    for cut in [9, 60, 80, 150] {
        objects.put(&name, Payload::from(bytes.slice(..cut))).await.unwrap();
        let reader = reader(&objects, as_store(&ledger));
        let fetched = reader.fetch(&cluster(), vec![from(0, 0, 10_000)], ByteCount::new(10_000)).await;
        let error = fetched.unwrap().remove(0).unwrap_err();
        assert!(matches!(error, FetchRefusal::Corrupt { .. }), "{cut}: {error:?}");
        assert_eq!(error.kind(), Kind::Corrupt);
    }
    let mut changed = bytes.to_vec();
    changed[8 + 16] = 1;
    objects.put(&name, Payload::from(changed)).await.unwrap();
    let reader = reader(&objects, as_store(&ledger));
    let fetched = reader.fetch(&cluster(), vec![from(0, 0, 100)], ByteCount::new(100)).await;
    assert!(matches!(fetched.unwrap().remove(0), Err(FetchRefusal::Corrupt { .. })));
}

/// What an agent reads of the object store for all who read the same: every block once, however many they are.
#[tokio::test(start_paused = true)]
async fn consumers_of_one_agent_share_its_gets() {
    let objects = bucket("reader");
    let ledger = Arc::new(Ledger::with_partitions([log(0)]));
    let writer = writer(&objects, Arc::clone(&ledger) as _, settings());
    let value = "x".repeat(1_000_000);
    for _ in 0..3 {
        let values = vec![batch(log(0), &[value.as_str()], None); 5];
        writer.append(&cluster(), values).await.unwrap();
    }
    let listed = objects.list(&ObjectPrefix::all(), None, 100).await.unwrap();
    let blocks: u64 = listed.iter().map(|object| object.size.div_ceil(BLOCK_BYTES)).sum();
    assert_eq!(blocks, 6);
    for consumers in [1, 10, 50] {
        let cache = BlockCache::new(Arc::clone(&objects), ByteCount::new(64 << 20));
        let (_, gets) = cache.counts();
        let reader = Reader::new(as_store(&ledger), Arc::new(cache));
        let all = futures_util::future::join_all((0..consumers).map(|_| consume(&reader))).await;
        assert!(all.iter().all(|records| *records == 15), "{consumers}: {all:?}");
        assert_eq!(gets.get(), blocks, "{consumers} consumers");
    }
}

/// Fetches a partition bit by bit; how many batches there were.
async fn consume(reader: &Reader) -> usize {
    let (mut next, mut batches) = (0, 0);
    loop {
        let wanted = ByteCount::new(1 << 20);
        let fetched = reader.fetch(&cluster(), vec![from(0, next, 1 << 20)], wanted).await.unwrap();
        let offsets = offsets(&fetched[0]);
        let Some(last) = offsets.last() else { return batches };
        next = last + 1;
        batches += offsets.len();
    }
}
