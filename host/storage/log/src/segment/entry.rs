use forebay_model::{
    ByteCount, PartitionId, ProducerEpoch, ProducerId, RecordCount, Sequence, Timestamp, TopicId,
    TopicIdPartition,
};
use forebay_storage_metadata::{IdempotentBatch, TimestampType};
use uuid::Uuid;

/// The bytes of an entry.
pub const ENTRY_BYTES: usize = 72;
const LOG_APPEND_TIME: u16 = 1;

/// What a segment says of one of its batches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SegmentEntry {
    /// The partition.
    pub log: TopicIdPartition,
    /// How many records there are.
    pub records: RecordCount,
    /// Where the batch begins in the segment.
    pub position: ByteCount,
    /// How many bytes it has, with its header.
    pub length: ByteCount,
    /// The latest timestamp, as the producer wrote it.
    pub max_timestamp: Timestamp,
    /// Who says when its records were made.
    pub timestamps: TimestampType,
    /// The idempotent producer.
    pub producer: Option<IdempotentBatch>,
    /// The checksum in its header.
    pub crc: u32,
    /// The Produce request that brought it, from 0.
    pub request: u32,
}

impl SegmentEntry {
    pub(super) fn put(&self, bytes: &mut Vec<u8>) {
        let (producer, epoch, sequence) = match self.producer {
            Some(IdempotentBatch { id, epoch, base_sequence }) => {
                (id.get(), epoch.get(), base_sequence.get())
            }
            None => (-1, -1, -1),
        };
        let flags = match self.timestamps {
            TimestampType::CreateTime => 0,
            TimestampType::LogAppendTime => LOG_APPEND_TIME,
        };
        bytes.extend_from_slice(self.log.topic.uuid().as_bytes());
        bytes.extend_from_slice(&self.log.partition.get().to_be_bytes());
        bytes.extend_from_slice(&self.records.get().to_be_bytes());
        bytes.extend_from_slice(&self.position.get().to_be_bytes());
        bytes.extend_from_slice(&self.length.get().to_be_bytes());
        bytes.extend_from_slice(&self.max_timestamp.millis().to_be_bytes());
        bytes.extend_from_slice(&producer.to_be_bytes());
        bytes.extend_from_slice(&epoch.to_be_bytes());
        bytes.extend_from_slice(&flags.to_be_bytes());
        bytes.extend_from_slice(&sequence.to_be_bytes());
        bytes.extend_from_slice(&self.crc.to_be_bytes());
        bytes.extend_from_slice(&self.request.to_be_bytes());
    }

    /// What 72 bytes say. `None` where a number stands that can't be there.
    pub(super) fn parse(bytes: &[u8; ENTRY_BYTES]) -> Option<Self> {
        let producer = match i64::from_be_bytes(part(bytes, 48)) {
            -1 => None,
            id => Some(IdempotentBatch {
                id: ProducerId::new(id).ok()?,
                epoch: ProducerEpoch::new(i16::from_be_bytes(part(bytes, 56))).ok()?,
                base_sequence: Sequence::new(i32::from_be_bytes(part(bytes, 60))).ok()?,
            }),
        };
        let timestamps = match u16::from_be_bytes(part(bytes, 58)) {
            0 => TimestampType::CreateTime,
            LOG_APPEND_TIME => TimestampType::LogAppendTime,
            _ => return None,
        };
        Some(Self {
            log: TopicIdPartition {
                topic: TopicId::from_uuid(Uuid::from_bytes(part(bytes, 0))),
                partition: PartitionId::new(i32::from_be_bytes(part(bytes, 16))).ok()?,
            },
            records: RecordCount::new(u32::from_be_bytes(part(bytes, 20))),
            position: ByteCount::new(u64::from_be_bytes(part(bytes, 24))),
            length: ByteCount::new(u64::from_be_bytes(part(bytes, 32))),
            max_timestamp: Timestamp::from_millis(i64::from_be_bytes(part(bytes, 40))),
            timestamps,
            producer,
            crc: u32::from_be_bytes(part(bytes, 64)),
            request: u32::from_be_bytes(part(bytes, 68)),
        })
    }
}

/// `N` bytes from `at` on; the layout has them.
pub(super) fn part<const N: usize>(bytes: &[u8; ENTRY_BYTES], at: usize) -> [u8; N] {
    let mut part = [0; N];
    part.copy_from_slice(&bytes[at..at + N]);
    part
}
