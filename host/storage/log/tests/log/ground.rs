//! What tests stand on: batches, stores, and reading everything back.

use std::sync::Arc;
use std::time::Duration;

use forebay_kafka_wire::{BatchBuilder, Compression, RecordBatch};
use forebay_lifecycle::Spawner;
use forebay_model::*;
use forebay_storage_log::{BlockCache, NewBatch, Reader, Writer, WriterMetrics, WriterSettings};
use forebay_storage_metadata::{FindFrom, IdempotentBatch, MetadataStore, TimestampType};
use forebay_storage_objects::{Objects, open};

pub fn cluster() -> VirtualClusterId {
    "vci_test".parse().unwrap()
}

pub fn log(partition: i32) -> TopicIdPartition {
    TopicIdPartition { topic: TopicId::from_random(1), partition: PartitionId::new(partition).unwrap() }
}

/// A bucket that nobody else names.
pub fn bucket(name: &str) -> Arc<dyn Objects> {
    open(&format!("mem://log-{name}-{:032x}", forebay_lifecycle::chance::bits()), []).unwrap()
}

pub fn settings() -> WriterSettings {
    WriterSettings {
        commit_timeout: Duration::from_secs(1),
        settle_timeout: Duration::from_secs(5),
        ..WriterSettings::default()
    }
}

pub fn writer(
    objects: &Arc<dyn Objects>,
    metadata: Arc<dyn MetadataStore>,
    settings: WriterSettings,
) -> Writer {
    let objects = Arc::clone(objects);
    Writer::spawn(objects, metadata, settings, WriterMetrics::default(), &Spawner::current())
}

/// A batch of records with these values, whose times are their numbers.
pub fn batch(log: TopicIdPartition, values: &[&str], producer: Option<(i64, i32)>) -> NewBatch {
    let mut builder = BatchBuilder::new(Offset::ZERO, Compression::None);
    if let Some((id, sequence)) = producer {
        builder = builder.producer(
            ProducerId::new(id).unwrap(),
            ProducerEpoch::ZERO,
            Some(Sequence::new(sequence).unwrap()),
        );
    }
    for (time, value) in (0..).zip(values) {
        builder.push(Timestamp::from_millis(time), None, Some(value.as_bytes()), &[]).unwrap();
    }
    let batch = builder.build().unwrap();
    let header = batch.header();
    NewBatch {
        log,
        records: header.record_count,
        max_timestamp: header.max_timestamp,
        timestamps: TimestampType::CreateTime,
        producer: producer.map(|(id, sequence)| IdempotentBatch {
            id: ProducerId::new(id).unwrap(),
            epoch: ProducerEpoch::ZERO,
            base_sequence: Sequence::new(sequence).unwrap(),
        }),
        crc: header.crc,
        bytes: batch.into_bytes(),
    }
}

pub fn reader(objects: &Arc<dyn Objects>, metadata: Arc<dyn MetadataStore>) -> Reader {
    let blocks = BlockCache::new(Arc::clone(objects), ByteCount::new(64 << 20));
    Reader::new(metadata, Arc::new(blocks))
}

/// All records of a partition with their offsets, fetched bit by bit as a consumer does it; every batch is checked.
pub async fn read_all(reader: &Reader, log: TopicIdPartition, max_bytes: u64) -> Vec<(i64, String)> {
    let mut records = Vec::new();
    let mut offset = Offset::ZERO;
    let max_bytes = ByteCount::new(max_bytes);
    loop {
        let from = vec![FindFrom { log, offset, max_bytes }];
        let fetched = reader.fetch(&cluster(), from, max_bytes).await.unwrap().remove(0).unwrap();
        if offset == fetched.bounds.high_watermark {
            return records;
        }
        assert!(!fetched.batches.is_empty(), "a consumer would never get beyond {offset}");
        let mut bytes = fetched.batches.join();
        while !bytes.is_empty() {
            let batch = RecordBatch::split_from(&mut bytes).unwrap();
            assert_eq!(batch.header().base_offset, offset, "offsets are dense");
            batch.check_crc().unwrap();
            for record in batch.records(64 << 20).unwrap() {
                let record = record.unwrap();
                assert_eq!(record.offset, offset);
                let value = String::from_utf8(record.value.unwrap().to_vec()).unwrap();
                records.push((offset.get(), value));
                offset = offset.advanced(RecordCount::new(1)).unwrap();
            }
        }
    }
}
