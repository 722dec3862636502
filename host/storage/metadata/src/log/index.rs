use forebay_model::{ByteCount, Offset, SegmentName, Timestamp, TopicIdPartition};

use crate::LogBounds;

/// From where on records are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FindFrom {
    /// The partition.
    pub log: TopicIdPartition,
    /// The first record that is wanted. At the end of the log there is none yet.
    pub offset: Offset,
    /// How many bytes of this partition.
    pub max_bytes: ByteCount,
}

/// Where records lie.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Where the log starts and ends.
    pub bounds: LogBounds,
    /// In the order of offsets, without gaps.
    pub runs: Vec<Run>,
}

/// Batches of one partition that lie one behind the other in a segment and have their offsets in that order, without
/// gaps. The header of each says how many offsets it takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// The object.
    pub segment: SegmentName,
    /// Where the first batch begins in it.
    pub position: ByteCount,
    /// How long all of them are.
    pub length: ByteCount,
    /// The offset of the first record.
    pub base_offset: Offset,
    /// The offset after the last record.
    pub end_offset: Offset,
    /// The latest timestamp of the records.
    pub max_timestamp: Timestamp,
    /// The time of all records, where that is the time of the commit.
    pub log_append_time: Option<Timestamp>,
}

/// Why nothing is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FindRefusal {
    /// There is no such partition.
    #[error("there is no such partition")]
    NoPartition,
    /// The offset is before the log, or past its end.
    #[error("the offset is not in the log, which goes from {} to before {}", .0.log_start, .0.high_watermark)]
    OutOfRange(LogBounds),
}
