use bytes::Bytes;
use forebay_model::{RecordCount, Timestamp, TopicIdPartition};
use forebay_storage_metadata::{IdempotentBatch, TimestampType};

/// A record batch as a producer sent it. Its checksum has been compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewBatch {
    /// The partition it goes to.
    pub log: TopicIdPartition,
    /// Header and records.
    pub bytes: Bytes,
    /// How many offsets it takes.
    pub records: RecordCount,
    /// The latest timestamp, as its header says.
    pub max_timestamp: Timestamp,
    /// Who says when its records were made.
    pub timestamps: TimestampType,
    /// Who sent it, if that is an idempotent producer.
    pub producer: Option<IdempotentBatch>,
    /// The checksum in its header.
    pub crc: u32,
}
