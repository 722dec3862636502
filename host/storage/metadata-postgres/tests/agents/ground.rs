//! A topic in a database, what agents were told about it, and what must follow.

#![expect(clippy::panic, clippy::unwrap_used, reason = "a test")]

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use forebay_lifecycle::chance;
use forebay_model::{
    ByteCount, CommitId, Offset, PartitionCount, PartitionId, RecordCount, Timestamp, TopicId,
    TopicIdPartition, VirtualClusterId,
};
use forebay_storage_metadata::{
    BatchCommit, CommitError, Configs, FindFrom, IdempotentBatch, Kind, Log as _, NewTopic, ProduceCommit,
    ProduceOutcome, SegmentCommit, TimestampType, Topics as _, VirtualClusters as _,
};
use forebay_storage_metadata_postgres::PostgresMetadataStore;
use tokio::sync::watch;

pub(crate) const PARTITIONS: i32 = 3;

pub(crate) struct Ground {
    url: String,
    pub(crate) cluster: VirtualClusterId,
    topic: TopicId,
    /// The offsets that were acknowledged, by segment.
    acknowledged: Mutex<BTreeMap<String, Vec<i64>>>,
    count: watch::Sender<usize>,
}

impl Ground {
    pub(crate) async fn new(url: &str) -> Self {
        let store = PostgresMetadataStore::open(url.parse().unwrap()).await.unwrap();
        let cluster: VirtualClusterId = "vci_a".parse().unwrap();
        store.create_virtual_cluster(&cluster).await.unwrap();
        let new = NewTopic {
            name: "a".parse().unwrap(),
            partitions: PartitionCount::new(PARTITIONS).unwrap(),
            configs: Configs::default(),
        };
        let topic = store.create_topic(&cluster, &new).await.unwrap().id;
        Self {
            url: url.to_owned(),
            cluster,
            topic,
            acknowledged: Mutex::default(),
            count: watch::Sender::new(0),
        }
    }

    /// Another agent's store.
    pub(crate) async fn open(&self) -> Arc<PostgresMetadataStore> {
        Arc::new(PostgresMetadataStore::open(self.url.parse().unwrap()).await.unwrap())
    }

    /// A segment with three records for each partition.
    pub(crate) fn segment(&self, producer: Option<IdempotentBatch>) -> SegmentCommit {
        let id = chance::bits();
        let batch = |partition: i32| BatchCommit {
            log: TopicIdPartition::new(self.topic, PartitionId::new(partition).unwrap()),
            position: ByteCount::new(u64::from(partition.unsigned_abs()) * 10),
            length: ByteCount::new(10),
            records: RecordCount::new(3),
            max_timestamp: Timestamp::NONE,
            timestamps: TimestampType::CreateTime,
            producer,
        };
        SegmentCommit {
            id: CommitId::from_random(id),
            segment: format!("segments/{id:032x}").parse().unwrap(),
            named_at: Timestamp::from(forebay_lifecycle::clock::wall()),
            size: ByteCount::new(30),
            requests: vec![ProduceCommit { batches: (0..PARTITIONS).map(batch).collect() }],
        }
    }

    /// Commits a segment, and asks again until it is settled.
    pub(crate) async fn commit(&self, store: &PostgresMetadataStore) {
        let commit = self.segment(None);
        let outcome = loop {
            match store.commit(&self.cluster, commit.clone()).await {
                Ok(outcome) => break outcome,
                Err(CommitError::Store(failure)) if failure.kind() == Kind::Retry => {
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
                Err(error) => panic!("{error}"),
            }
        };
        let ProduceOutcome::Committed(batches) = &outcome.requests[0] else { panic!("{outcome:?}") };
        let offsets = batches.iter().map(|batch| batch.base_offset.get()).collect();
        self.acknowledged.lock().unwrap().insert(commit.segment.as_str().to_owned(), offsets);
        self.count.send_modify(|count| *count += 1);
    }

    /// Waits for so many more acknowledgements.
    pub(crate) async fn acknowledged(&self, more: usize) {
        let mut count = self.count.subscribe();
        let until = *count.borrow() + more;
        count.wait_for(|count| *count >= until).await.unwrap();
    }

    /// What was acknowledged is there, without holes, and nothing else.
    pub(crate) async fn check(&self, store: &PostgresMetadataStore) {
        for partition in 0..PARTITIONS {
            let log = TopicIdPartition::new(self.topic, PartitionId::new(partition).unwrap());
            let all = ByteCount::new(u64::MAX);
            let from = FindFrom { log, offset: Offset::ZERO, max_bytes: all };
            let found = store.find(&self.cluster, vec![from], all).await.unwrap().remove(0).unwrap();
            let index: BTreeMap<i64, &str> =
                found.runs.iter().map(|run| (run.base_offset.get(), run.segment.as_str())).collect();
            let acknowledged = self.acknowledged.lock().unwrap();
            let place = usize::try_from(partition).unwrap();
            let expected: BTreeMap<i64, &str> =
                acknowledged.iter().map(|(segment, offsets)| (offsets[place], segment.as_str())).collect();
            assert_eq!(index, expected, "partition {partition}");
            assert_eq!(expected.len(), acknowledged.len(), "offsets given twice");
            let ends = found.runs.iter().map(|run| run.end_offset.get());
            assert!(ends.eq((1..=i64::try_from(expected.len()).unwrap()).map(|run| run * 3)), "dense");
        }
    }
}
