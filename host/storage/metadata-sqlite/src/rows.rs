//! Numbers and names as rows hold them.

use forebay_model::{
    ByteCount, Offset, PartitionCount, SegmentName, Timestamp, TopicId, TopicName, VirtualClusterId,
};
use rusqlite::{Connection, OptionalExtension as _};
use uuid::Uuid;

use crate::trouble::Trouble;

/// The number of a virtual cluster in all keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Vc(pub(crate) i64);

/// The number of a partition's row in `logs`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct LogRow(pub(crate) i64);

/// The number of an object's row in `segments`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct SegmentRow(pub(crate) i64);

/// The number that stands for a virtual cluster, if there is one.
pub(crate) fn vc_of(connection: &Connection, cluster: &VirtualClusterId) -> Result<Option<Vc>, Trouble> {
    let mut find = connection.prepare_cached("SELECT vc FROM virtual_clusters WHERE id = ?1")?;
    Ok(find.query_row([cluster.as_str()], |row| row.get(0).map(Vc)).optional()?)
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

pub(crate) fn partition_count(value: i32) -> Result<PartitionCount, Trouble> {
    PartitionCount::new(value).map_err(|_| Trouble::number("topics.partitions", value.into()))
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

pub(crate) fn topic_id(bytes: [u8; 16]) -> TopicId {
    TopicId::from_uuid(Uuid::from_bytes(bytes))
}

/// How many rows a caller wants, as SQL says it.
pub(crate) fn limit(rows: usize) -> i64 {
    i64::try_from(rows).unwrap_or(i64::MAX)
}
