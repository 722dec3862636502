//! A bucket and a store in SQLite, whose clock is set by hand, and what is done with them.

use std::sync::Arc;
use std::time::Duration;

use forebay_kafka_wire::{BatchBuilder, Compression, RecordBatch};
use forebay_model::*;
use forebay_storage_log::{
    Cleaner, CleanerSettings, Compacted, Compactor, CompactorError, CompactorSettings, HeldLease,
    KeyedPolicy, NewBatch, Reader,
};
use forebay_storage_metadata::{
    Configs, FindFrom, IdempotentBatch, JobHolder, JobTerms, ManualClock, MetadataStore, NewTopic, Run,
    SegmentLevel, TimestampType,
};
use forebay_storage_metadata_sqlite::SqliteMetadataStore;
use forebay_storage_objects::{ObjectPrefix, Objects};

use crate::ground::{bucket, cluster};

pub struct Place {
    pub objects: Arc<dyn Objects>,
    pub metadata: Arc<dyn MetadataStore>,
    pub clock: ManualClock,
    pub topic: TopicId,
}

/// A record: its offset, its time, its key and its value.
pub type Read = (i64, i64, String, Option<String>);

pub const POLICY: KeyedPolicy = KeyedPolicy {
    min_dirty_ratio: 0.0,
    min_lag: Duration::ZERO,
    max_lag: None,
    delete_retention: Duration::from_hours(1),
};

/// Everything is old enough at once.
pub fn eager() -> CompactorSettings {
    let mut settings = CompactorSettings { age: Duration::ZERO, ..CompactorSettings::default() };
    settings.ingested.least_segments = 2;
    settings.first.least_segments = 2;
    settings
}

impl Place {
    pub async fn new(name: &str, partitions: i32) -> Self {
        let since_1970 = forebay_lifecycle::clock::wall().duration_since(std::time::UNIX_EPOCH).unwrap();
        let clock = ManualClock::at(Timestamp::from_millis(0).after(since_1970));
        let location = "sqlite://:memory:".parse().unwrap();
        let store = SqliteMetadataStore::open_with_clock(&location, Arc::new(clock.clone())).unwrap();
        let metadata: Arc<dyn MetadataStore> = Arc::new(store);
        metadata.create_virtual_cluster(&cluster()).await.unwrap();
        let topic = NewTopic {
            name: "topic".parse().unwrap(),
            partitions: PartitionCount::new(partitions).unwrap(),
            configs: Configs::default(),
        };
        let topic = metadata.create_topic(&cluster(), &topic).await.unwrap().id;
        Self { objects: bucket(name), metadata, clock, topic }
    }

    pub fn log(&self, partition: i32) -> TopicIdPartition {
        TopicIdPartition::new(self.topic, PartitionId::new(partition).unwrap())
    }

    pub async fn held(&self) -> HeldLease {
        let terms = JobTerms { lease: Duration::from_mins(2), every: Duration::ZERO };
        let (job, holder) = ("compaction".parse().unwrap(), JobHolder::from_random(1));
        HeldLease::acquire(&self.metadata, &cluster(), &job, holder, terms).await.unwrap().unwrap()
    }

    pub fn compactor(&self, settings: CompactorSettings) -> Compactor {
        Compactor::new(Arc::clone(&self.metadata), Arc::clone(&self.objects), settings)
    }

    pub async fn compact(&self, level: SegmentLevel) -> Compacted {
        let compactor = self.compactor(eager());
        compactor.compact(&cluster(), &mut self.held().await, level).await.unwrap()
    }

    pub async fn compact_keys(
        &self,
        settings: CompactorSettings,
        policy: KeyedPolicy,
    ) -> Result<Compacted, CompactorError> {
        let logs = [(self.log(0), policy)];
        self.compactor(settings).compact_keys(&cluster(), &mut self.held().await, &logs).await
    }

    pub async fn clean(&self) {
        let graces = CleanerSettings { unused_grace: Duration::ZERO, ..CleanerSettings::default() };
        let cleaner = Cleaner::new(Arc::clone(&self.metadata), Arc::clone(&self.objects), graces);
        cleaner.clean(&cluster()).await.unwrap();
    }

    pub async fn segments(&self) -> usize {
        self.objects.list(&ObjectPrefix::all(), None, 10_000).await.unwrap().len()
    }

    pub async fn runs(&self, partition: i32) -> Vec<Run> {
        let most = ByteCount::new(1 << 40);
        let bounds = self.metadata.bounds(&cluster(), vec![self.log(partition)]).await.unwrap()[0].unwrap();
        let from = FindFrom { log: self.log(partition), offset: bounds.log_start, max_bytes: most };
        self.metadata.find(&cluster(), vec![from], most).await.unwrap().remove(0).unwrap().runs
    }

    /// All records of a partition, fetched bit by bit as a consumer does it that is given batches without records too.
    pub async fn records(&self, partition: i32, max_bytes: u64) -> Vec<Read> {
        let reader = crate::ground::reader(&self.objects, Arc::clone(&self.metadata));
        self.records_by(&reader, partition, max_bytes).await
    }

    /// The same by a reader that may remember something.
    pub async fn records_by(&self, reader: &Reader, partition: i32, max_bytes: u64) -> Vec<Read> {
        let (log, max_bytes) = (self.log(partition), ByteCount::new(max_bytes));
        let bounds = self.metadata.bounds(&cluster(), vec![log]).await.unwrap()[0].unwrap();
        let mut offset = bounds.log_start;
        let mut records = Vec::new();
        while offset < bounds.high_watermark {
            let from = vec![FindFrom { log, offset, max_bytes }];
            let fetched = reader.fetch(&cluster(), from, max_bytes).await.unwrap().remove(0).unwrap();
            assert!(!fetched.batches.is_empty(), "a consumer would never get beyond {offset}");
            let mut bytes = fetched.batches.join();
            while !bytes.is_empty() {
                let batch = RecordBatch::split_from(&mut bytes).unwrap();
                batch.check_crc().unwrap();
                let after = batch.header().last_offset().unwrap().advanced(RecordCount::new(1)).unwrap();
                assert!(batch.header().base_offset <= offset && after > offset, "batches follow each other");
                for record in batch.records(64 << 20).unwrap() {
                    let record = record.unwrap();
                    if record.offset < offset {
                        continue;
                    }
                    let text = |bytes: bytes::Bytes| String::from_utf8(bytes.to_vec()).unwrap();
                    let key = record.key.map(text).unwrap_or_default();
                    records.push((
                        record.offset.get(),
                        record.timestamp.millis(),
                        key,
                        record.value.map(text),
                    ));
                }
                offset = after;
            }
        }
        records
    }
}

/// A batch of these keys and values; each record's time is `time`.
pub fn keyed(
    log: TopicIdPartition,
    records: &[(&str, Option<&str>)],
    time: i64,
    compression: Compression,
    producer: Option<(i64, i32)>,
) -> NewBatch {
    let mut builder = BatchBuilder::new(Offset::ZERO, compression);
    let idempotent = producer.map(|(id, sequence)| IdempotentBatch {
        id: ProducerId::new(id).unwrap(),
        epoch: ProducerEpoch::ZERO,
        base_sequence: Sequence::new(sequence).unwrap(),
    });
    if let Some(IdempotentBatch { id, epoch, base_sequence }) = idempotent {
        builder = builder.producer(id, epoch, Some(base_sequence));
    }
    for (key, value) in records {
        let fields = (Some(key.as_bytes()), value.map(str::as_bytes));
        builder.push(Timestamp::from_millis(time), fields.0, fields.1, &[]).unwrap();
    }
    let batch = builder.build().unwrap();
    let header = batch.header();
    NewBatch {
        log,
        records: header.record_count,
        max_timestamp: header.max_timestamp,
        timestamps: TimestampType::CreateTime,
        producer: idempotent,
        crc: header.crc,
        bytes: batch.into_bytes(),
    }
}
