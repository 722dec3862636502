//! Looks into the index of a log, by which the stores are compared.

use std::time::Duration;

use forebay_lifecycle::clock;
use forebay_model::{ByteCount, Offset, PartitionId, Timestamp, TopicId, TopicIdPartition, VirtualClusterId};
use forebay_storage_metadata::{FindFrom, Log, OffsetQuery, OffsetsFound};

/// What the log has at each look.
pub(crate) const ROWS: [i64; 5] = [1_000, 10_000, 100_000, 1_000_000, 10_000_000];
/// Offsets of a row.
pub(crate) const OFFSETS: i64 = 10;
/// Bytes of a row, and of an answer: ten rows and one more.
pub(crate) const BYTES: i64 = 100_000;
/// Rows in a segment.
pub(crate) const IN_SEGMENT: i64 = 1_000;
const WANTED: ByteCount = ByteCount::new(1_000_000);
/// How often each is timed.
const LOOKS: usize = 300;

/// The median of looks from an offset on.
pub(crate) async fn look(
    store: &dyn Log,
    cluster: &VirtualClusterId,
    topic: TopicId,
    offset: i64,
) -> Duration {
    let offset = Offset::new(offset).unwrap();
    let mut took = Vec::with_capacity(LOOKS);
    for _ in 0..LOOKS {
        let from = FindFrom { log: log(topic), offset, max_bytes: WANTED };
        let began = clock::now();
        let found = store.find(cluster, vec![from], WANTED).await.unwrap().remove(0).unwrap();
        took.push(began.elapsed());
        assert_eq!(found.runs[0].base_offset, offset);
    }
    median(took)
}

/// The median of looks for a time.
pub(crate) async fn look_for_time(
    store: &dyn Log,
    cluster: &VirtualClusterId,
    topic: TopicId,
    millis: i64,
) -> Duration {
    let query = OffsetQuery::At { timestamp: Timestamp::from_millis(millis), from: Offset::ZERO };
    let mut took = Vec::with_capacity(LOOKS);
    for _ in 0..LOOKS {
        let began = clock::now();
        let found = store.list_offsets(cluster, vec![(log(topic), query)]).await.unwrap().remove(0).unwrap();
        took.push(began.elapsed());
        assert!(!matches!(found, OffsetsFound::None));
    }
    median(took)
}

fn log(topic: TopicId) -> TopicIdPartition {
    TopicIdPartition::new(topic, PartitionId::new(0).unwrap())
}

fn median(mut took: Vec<Duration>) -> Duration {
    took.sort_unstable();
    took[took.len() / 2]
}
