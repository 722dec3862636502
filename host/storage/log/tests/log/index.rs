//! What is remembered of the index, beside the store that has all of it.

use std::sync::Arc;

use forebay_model::{
    ByteCount, CommitId, Offset, PartitionCount, RecordCount, Timestamp, TopicId, TopicIdPartition,
};
use forebay_storage_log::{BlockCache, Index, Reader};
use forebay_storage_metadata::{
    BatchCommit, Configs, DeleteBefore, FindFrom, Log as _, MetadataStore, NewTopic, ProduceCommit,
    RetentionLimits, SegmentCommit, TimestampType, Topics as _,
};
use forebay_storage_metadata_sqlite::{Location, SqliteMetadataStore};
use futures_util::future::join_all;
use proptest::prelude::*;

use crate::ground::{batch, bucket, cluster, log, read_all, settings, writer};
use crate::ledger::Ledger;

fn from(log: TopicIdPartition, offset: i64, max_bytes: u64) -> FindFrom {
    FindFrom { log, offset: Offset::new(offset).unwrap(), max_bytes: ByteCount::new(max_bytes) }
}

fn index(metadata: &Arc<Ledger>) -> Arc<Index> {
    Arc::new(Index::new(Arc::clone(metadata) as _, ByteCount::new(1 << 20)))
}

#[tokio::test(start_paused = true)]
async fn the_store_is_asked_once_for_what_many_want() {
    let ledger = Arc::new(Ledger::with_partitions([log(0), log(1)]));
    let objects = bucket("index");
    let writer = writer(&objects, Arc::clone(&ledger) as _, settings());
    for value in ["a", "b", "c"] {
        writer.append(&cluster(), vec![batch(log(0), &[value], None)]).await.unwrap();
    }
    let index = index(&ledger);
    let (cluster, all) = (cluster(), ByteCount::new(1 << 20));
    let find = || index.find(&cluster, vec![from(log(0), 0, 1 << 20), from(log(1), 0, 1)], all);
    for found in join_all([find(), find(), find()]).await {
        let found = found.unwrap();
        assert_eq!(found[0].found.as_ref().unwrap().runs.len(), 3);
        assert!(found[1].found.as_ref().unwrap().runs.is_empty());
    }
    let one = index.find(&cluster, vec![from(log(0), 1, 1)], ByteCount::new(1)).await.unwrap();
    assert_eq!(one[0].found.as_ref().unwrap().runs.len(), 1);
    assert_eq!(ledger.finds(), 1);
}

#[tokio::test(start_paused = true)]
async fn who_reads_the_end_asks_for_nothing_that_was_committed_here() {
    let ledger = Arc::new(Ledger::with_partitions([log(0)]));
    let objects = bucket("index-end");
    let writer = writer(&objects, Arc::clone(&ledger) as _, settings());
    let index = index(&ledger);
    let blocks = BlockCache::new(objects, ByteCount::new(8 << 20));
    let (_, reads) = blocks.counts();
    let blocks = Arc::new(blocks);
    writer.feed(Arc::clone(&index), Arc::clone(&blocks) as _);
    let reader = Reader::with_index(Arc::clone(&ledger) as _, index, blocks);
    // It waits for the first record, and then for each.
    assert!(read_all(&reader, log(0), 100).await.is_empty());
    for n in 0..10 {
        writer.append(&cluster(), vec![batch(log(0), &["x", "y"], None)]).await.unwrap();
        assert_eq!(read_all(&reader, log(0), 100).await.len(), 2 * (n + 1));
    }
    assert_eq!((ledger.finds(), reads.get()), (0, 0));
}

/// What happens to a log, and what is asked of it.
#[derive(Debug, Clone)]
enum Step {
    /// Committed here, or by another agent.
    Commit {
        partitions: Vec<i32>,
        here: bool,
    },
    DeleteBefore(i32, i64),
    Trim(i32, u64),
    Find(Vec<(i32, i64, u64)>, u64),
    MakeAnew,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (proptest::collection::vec(0..3_i32, 1..6), any::<bool>())
            .prop_map(|(partitions, here)| Step::Commit { partitions, here }),
        1 => (0..3_i32, 0..60_i64).prop_map(|(partition, before)| Step::DeleteBefore(partition, before)),
        1 => (0..3_i32, 0..800_u64).prop_map(|(partition, size)| Step::Trim(partition, size)),
        8 => (proptest::collection::vec((0..4_i32, 0..80_i64, 0..900_u64), 1..4), 0..2_000_u64)
            .prop_map(|(from, most)| Step::Find(from, most)),
        1 => Just(Step::MakeAnew),
    ]
}

struct Ground {
    store: Arc<SqliteMetadataStore>,
    index: Index,
    topic: TopicId,
    commits: u128,
}

impl Ground {
    async fn new() -> Self {
        let store = Arc::new(SqliteMetadataStore::open(&Location::Memory).unwrap());
        let metadata: Arc<dyn MetadataStore> = Arc::clone(&store) as _;
        metadata.create_virtual_cluster(&cluster()).await.unwrap();
        // Little room, so that some of it is dropped.
        let index = Index::new(metadata, ByteCount::new(24 << 10));
        let mut ground = Self { store, index, topic: TopicId::from_random(1), commits: 0 };
        ground.make_topic().await;
        ground
    }

    async fn make_topic(&mut self) {
        let (name, partitions) = ("t".parse().unwrap(), PartitionCount::new(3).unwrap());
        let topic = NewTopic { name, partitions, configs: Configs::default() };
        self.topic = self.store.create_topic(&cluster(), &topic).await.unwrap().id;
    }

    fn log(&self, partition: i32) -> TopicIdPartition {
        TopicIdPartition::new(self.topic, partition.try_into().unwrap())
    }

    async fn take(&mut self, step: Step) {
        match step {
            Step::Commit { partitions, here } => {
                self.commits += 1;
                let batch = |(place, partition): (u64, &i32)| BatchCommit {
                    log: self.log(*partition),
                    position: ByteCount::new(place * 100),
                    length: ByteCount::new(100),
                    records: RecordCount::new(3),
                    max_timestamp: Timestamp::NONE,
                    timestamps: TimestampType::CreateTime,
                    producer: None,
                };
                let commit = SegmentCommit {
                    id: CommitId::from_random(self.commits),
                    segment: format!("segments/{}", self.commits).parse().unwrap(),
                    named_at: self.store.now().await.unwrap(),
                    size: ByteCount::new(1_000),
                    requests: vec![ProduceCommit { batches: (0..).zip(&partitions).map(batch).collect() }],
                };
                let outcome = self.store.commit(&cluster(), commit.clone()).await.unwrap();
                if here {
                    self.index.committed(&commit, &outcome);
                }
            }
            Step::DeleteBefore(partition, before) => {
                let before = DeleteBefore::Offset(Offset::new(before).unwrap());
                let _ =
                    self.store.delete_records(&cluster(), vec![(self.log(partition), before)]).await.unwrap();
            }
            Step::Trim(partition, size) => {
                let limits = RetentionLimits { age: None, size: Some(ByteCount::new(size)) };
                let store: &dyn MetadataStore = &*self.store;
                store.trim(&cluster(), self.log(partition), limits, 100, None).await.unwrap();
            }
            Step::MakeAnew => {
                self.store.delete_topic(&cluster(), self.topic).await.unwrap();
                let gone =
                    self.index.find(&cluster(), vec![from(self.log(0), 0, 1)], ByteCount::new(1)).await;
                assert!(gone.unwrap()[0].found.is_err());
                self.make_topic().await;
            }
            Step::Find(wanted, most) => self.compare(&wanted, most).await,
        }
    }

    async fn compare(&self, wanted: &[(i32, i64, u64)], most: u64) {
        let wanted: Vec<_> = wanted
            .iter()
            .map(|(partition, offset, bytes)| from(self.log(*partition), *offset, *bytes))
            .collect();
        let most = ByteCount::new(most);
        let told = self.store.find(&cluster(), wanted.clone(), most).await.unwrap();
        let found = self.index.find(&cluster(), wanted, most).await.unwrap();
        for (told, found) in told.into_iter().zip(found) {
            assert_eq!(told, found.found, "{:?}", found.wanted);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn an_index_says_what_its_store_says(steps in proptest::collection::vec(step(), 1..80)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let mut ground = Ground::new().await;
            for step in steps {
                ground.take(step).await;
            }
        });
    }
}
