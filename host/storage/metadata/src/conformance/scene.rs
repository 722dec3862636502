use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use forebay_model::{
    ByteCount, CommitId, Offset, PartitionCount, PartitionId, ProducerEpoch, ProducerId, RecordCount,
    SegmentName, Sequence, Timestamp, TopicId, TopicIdPartition, VirtualClusterId,
};

use super::Site;
use crate::{
    BatchCommit, BatchCommitted, CommitError, CommitOutcome, Configs, FindFrom, FindRefusal, Found,
    IdempotentBatch, LogBounds, ManualClock, MetadataStore, NewTopic, ProduceCommit, ProduceOutcome,
    SegmentCommit, TimestampType,
};

/// How long each batch of a scene is.
pub(super) const BATCH: u64 = 100;

/// A store with a virtual cluster, and short words for what tests do with it.
#[derive(Debug)]
pub struct Scene {
    /// The store.
    pub store: Store,
    /// The clock that it goes by.
    pub clock: ManualClock,
    /// The virtual cluster.
    pub cluster: VirtualClusterId,
    next: AtomicU64,
}

/// A store that can be closed for a moment.
#[derive(Debug)]
pub struct Store(Option<Arc<dyn MetadataStore>>);

impl Deref for Store {
    type Target = dyn MetadataStore;

    fn deref(&self) -> &Self::Target {
        self.0.as_deref().expect("it is open")
    }
}

impl Scene {
    /// On a store that has none.
    pub async fn new(site: &dyn Site) -> Self {
        let (store, cluster) = (site.open().await, cluster("vci_scene"));
        store.create_virtual_cluster(&cluster).await.expect("the store is empty");
        Self { store: Store(Some(store)), clock: site.clock(), cluster, next: AtomicU64::new(1) }
    }

    /// Closes the store and opens it again.
    pub async fn reopen(&mut self, site: &dyn Site) {
        // Only one is open at a time, so that the first must be gone.
        drop(self.store.0.take());
        self.store = Store(Some(site.open().await));
    }

    /// A number that the scene has not used.
    pub fn number(&self) -> u64 {
        self.next.fetch_add(1, Ordering::SeqCst)
    }

    /// Makes a topic.
    pub async fn topic(&self, name: &str, partitions: i32) -> TopicId {
        let topic = new_topic(name, partitions);
        self.store.create_topic(&self.cluster, &topic).await.expect("the name is free").id
    }

    /// A segment with these requests, whose batches lie one behind the other.
    pub fn segment(&self, mut requests: Vec<ProduceCommit>) -> SegmentCommit {
        let mut size = ByteCount::ZERO;
        for batch in requests.iter_mut().flat_map(|request| &mut request.batches) {
            batch.position = size;
            size = ByteCount::new(size.get() + batch.length.get());
        }
        let number = self.number();
        SegmentCommit {
            id: CommitId::from_random(number.into()),
            segment: segment(&format!("segments/{number}")),
            named_at: crate::Clock::now(&self.clock),
            size,
            requests,
        }
    }

    /// Commits a segment.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn commit(&self, commit: &SegmentCommit) -> Result<CommitOutcome, CommitError> {
        self.store.commit(&self.cluster, commit.clone()).await
    }

    /// Commits these batches as a request each.
    pub async fn produce(&self, batches: Vec<BatchCommit>) -> Vec<ProduceOutcome> {
        let commit = self.segment(batches.into_iter().map(|batch| request(vec![batch])).collect());
        self.commit(&commit).await.expect("the segment is new").requests
    }

    /// Commits a batch, which must be taken.
    pub async fn append(&self, batch: BatchCommit) -> BatchCommitted {
        let outcome = self.produce(vec![batch]).await;
        let [ProduceOutcome::Committed(batches)] = outcome.as_slice() else { unexpected(&outcome) };
        batches[0]
    }

    /// Finds what is in a log from an offset on.
    pub async fn find(&self, log: TopicIdPartition, from: i64, max_bytes: u64) -> Result<Found, FindRefusal> {
        let from = FindFrom { log, offset: offset(from), max_bytes: ByteCount::new(max_bytes) };
        let mut found = self
            .store
            .find(&self.cluster, vec![from], ByteCount::new(max_bytes))
            .await
            .expect("the store is there");
        found.pop().expect("an answer for each")
    }

    /// The bounds of a log.
    pub async fn bounds(&self, log: TopicIdPartition) -> Option<LogBounds> {
        self.store.bounds(&self.cluster, vec![log]).await.expect("the store is there")[0]
    }
}

/// Ends a test with what was not expected.
#[expect(clippy::panic, reason = "of tests")]
pub(super) fn unexpected(what: &impl std::fmt::Debug) -> ! {
    panic!("not expected: {what:?}")
}

/// An id of a virtual cluster.
pub(super) fn cluster(id: &str) -> VirtualClusterId {
    id.parse().expect("an id")
}

/// A name of a segment.
pub(super) fn segment(name: &str) -> SegmentName {
    name.parse().expect("a name")
}

/// An offset.
pub(super) fn offset(offset: i64) -> Offset {
    Offset::new(offset).expect("an offset")
}

/// A topic without configurations.
pub(super) fn new_topic(name: &str, partitions: i32) -> NewTopic {
    NewTopic {
        name: name.parse().expect("a name"),
        partitions: count(partitions),
        configs: Configs::default(),
    }
}

/// A number of partitions.
pub(super) fn count(partitions: i32) -> PartitionCount {
    PartitionCount::new(partitions).expect("one at least")
}

/// A partition.
pub(super) fn log(topic: TopicId, partition: i32) -> TopicIdPartition {
    TopicIdPartition::new(topic, PartitionId::new(partition).expect("a partition"))
}

/// A batch of so many records at time 0, without a producer.
pub(super) fn batch(log: TopicIdPartition, records: u32) -> BatchCommit {
    BatchCommit {
        log,
        position: ByteCount::ZERO,
        length: ByteCount::new(BATCH),
        records: RecordCount::new(records),
        max_timestamp: Timestamp::from_millis(0),
        timestamps: TimestampType::CreateTime,
        producer: None,
    }
}

/// A batch whose latest record has that time.
pub(super) fn at(batch: BatchCommit, millis: i64) -> BatchCommit {
    BatchCommit { max_timestamp: Timestamp::from_millis(millis), ..batch }
}

/// A batch of a producer.
pub(super) fn of(batch: BatchCommit, producer: i64, epoch: i16, sequence: i32) -> BatchCommit {
    let producer = IdempotentBatch {
        id: ProducerId::new(producer).expect("a producer"),
        epoch: ProducerEpoch::new(epoch).expect("an epoch"),
        base_sequence: Sequence::new(sequence).expect("a sequence"),
    };
    BatchCommit { producer: Some(producer), ..batch }
}

/// A Produce request.
pub(super) fn request(batches: Vec<BatchCommit>) -> ProduceCommit {
    ProduceCommit { batches }
}
