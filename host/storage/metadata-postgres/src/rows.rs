//! Numbers and names as rows hold them.

use forebay_model::{
    ByteCount, Offset, PartitionCount, ProducerId, SegmentName, Timestamp, TopicIdPartition, TopicName,
};
use uuid::Uuid;

use crate::trouble::Trouble;

/// The number of a virtual cluster in all keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Vc(pub(crate) i64);

/// A partition as a key of `logs`, in the order in which rows are locked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct LogKey {
    pub(crate) topic: Uuid,
    pub(crate) partition: i32,
}

/// A producer in a partition.
pub(crate) type ProducerKey = (LogKey, ProducerId);

impl From<TopicIdPartition> for LogKey {
    fn from(log: TopicIdPartition) -> Self {
        Self { topic: log.topic.uuid(), partition: log.partition.get() }
    }
}

/// Keys as two arrays that a statement takes.
pub(crate) fn columns(keys: impl IntoIterator<Item = LogKey>) -> (Vec<Uuid>, Vec<i64>) {
    keys.into_iter().map(|key| (key.topic, i64::from(key.partition))).unzip()
}

pub(crate) fn offset(column: &'static str, value: i64) -> Result<Offset, Trouble> {
    Offset::new(value).map_err(|_| Trouble::number(column, value))
}

pub(crate) fn bytes(column: &'static str, value: i64) -> Result<ByteCount, Trouble> {
    u64::try_from(value).map(ByteCount::new).map_err(|_| Trouble::number(column, value))
}

/// A count of bytes as a column holds it. No object and no log has more than fits.
pub(crate) fn of_bytes(count: ByteCount) -> i64 {
    i64::try_from(count.get()).unwrap_or(i64::MAX)
}

pub(crate) fn partition_count(value: i64) -> Result<PartitionCount, Trouble> {
    let count = i32::try_from(value).ok().and_then(|count| PartitionCount::new(count).ok());
    count.ok_or_else(|| Trouble::number("topics.partitions", value))
}

pub(crate) fn time(millis: Option<i64>) -> Option<Timestamp> {
    millis.map(Timestamp::from_millis)
}

pub(crate) fn segment_name(name: &str) -> Result<SegmentName, Trouble> {
    name.parse().map_err(|error| Trouble::Corrupt(format!("segments.name: {error}")))
}

pub(crate) fn topic_name(name: &str) -> Result<TopicName, Trouble> {
    name.parse().map_err(|error| Trouble::Corrupt(format!("topics.name: {error}")))
}

/// A number of rows as SQL says it.
pub(crate) fn limit(rows: usize) -> i64 {
    i64::try_from(rows).unwrap_or(i64::MAX)
}

/// The place of a row in what was asked for, counted from 1 as `WITH ORDINALITY` does.
pub(crate) fn place(ordinality: i64) -> Result<usize, Trouble> {
    let place = ordinality.checked_sub(1).and_then(|place| usize::try_from(place).ok());
    place.ok_or_else(|| Trouble::Corrupt(format!("a row for place {ordinality}")))
}
