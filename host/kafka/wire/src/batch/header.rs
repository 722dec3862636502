use forebay_model::{LeaderEpoch, Offset, ProducerEpoch, ProducerId, RecordCount, Sequence, Timestamp};

use super::Attributes;

/// The bytes of a batch in front of its records.
pub const HEADER_BYTES: usize = 61;
/// The bytes that `batch_length` does not count: the base offset and the length itself.
const BEFORE_LENGTH_ENDS: usize = 12;
/// Where the bytes begin that the checksum covers: behind the checksum.
const CHECKED_FROM: usize = 21;

/// The first 61 bytes of a record batch of format 2.
///
/// ```text
///  0  i64  base offset               27  i64  base timestamp, ms
///  8  i32  bytes after this field    35  i64  max timestamp, ms
/// 12  i32  leader epoch              43  i64  producer id, -1: none
/// 16  i8   format, 2                 51  i16  producer epoch
/// 17  u32  CRC-32C from byte 21 on   53  i32  base sequence
/// 21  i16  attributes                57  i32  records
/// 23  i32  last offset delta
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BatchHeader {
    pub base_offset: Offset,
    /// Bytes of the batch behind this field, at least 49.
    pub batch_length: u32,
    /// None where the producer wrote it, who does not know.
    pub leader_epoch: Option<LeaderEpoch>,
    /// CRC-32C of everything from the attributes on.
    pub crc: u32,
    pub attributes: Attributes,
    /// The offset of the last record less that of the first one.
    pub last_offset_delta: u32,
    pub base_timestamp: Timestamp,
    pub max_timestamp: Timestamp,
    pub record_count: RecordCount,
    pub(super) producer: ProducerBits,
}

/// Who sent a batch, bit for bit: what is not said is -1 with most clients, but not with all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ProducerBits {
    pub id: i64,
    pub epoch: i16,
    pub sequence: i32,
}

impl ProducerBits {
    pub(super) const NONE: Self = Self { id: -1, epoch: -1, sequence: -1 };
}

/// Bytes that are no header of a record batch.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HeaderError {
    #[error("a record batch needs {HEADER_BYTES} bytes of header, there are {found}")]
    Short { found: usize },
    #[error("record batches of format {magic} are not supported, only those of format 2")]
    Magic { magic: i8 },
    #[error("a record batch says that it has {length} bytes, fewer than its header")]
    Length { length: i32 },
    #[error("the {field} of a record batch is {value}, below zero")]
    Negative { field: &'static str, value: i64 },
}

impl BatchHeader {
    /// Reads the header that `bytes` begin with; what follows it is not looked at.
    ///
    /// # Errors
    /// When there are too few bytes, the format is not 2, or the length excludes the header itself.
    pub fn parse(bytes: &[u8]) -> Result<Self, HeaderError> {
        // The format is at the same place in all formats, also in those with shorter headers.
        if let Some(&magic) = bytes.get(16)
            && magic != 2
        {
            return Err(HeaderError::Magic { magic: magic.cast_signed() });
        }
        let Some(header) = bytes.first_chunk::<HEADER_BYTES>() else {
            return Err(HeaderError::Short { found: bytes.len() });
        };
        let length = i32::from_be_bytes(part(header, 8));
        let batch_length = u32::try_from(length)
            .ok()
            .filter(|length| {
                usize::try_from(*length).is_ok_and(|length| length + BEFORE_LENGTH_ENDS >= HEADER_BYTES)
            })
            .ok_or(HeaderError::Length { length })?;
        let base_offset = i64::from_be_bytes(part(header, 0));
        let last_offset_delta = i32::from_be_bytes(part(header, 23));
        let record_count = i32::from_be_bytes(part(header, 57));
        let negative = |field, value| HeaderError::Negative { field, value };
        Ok(Self {
            base_offset: Offset::new(base_offset).map_err(|_| negative("base offset", base_offset))?,
            batch_length,
            leader_epoch: LeaderEpoch::new(i32::from_be_bytes(part(header, 12))).ok(),
            crc: u32::from_be_bytes(part(header, 17)),
            attributes: Attributes::from_bits(i16::from_be_bytes(part(header, 21))),
            last_offset_delta: u32::try_from(last_offset_delta)
                .map_err(|_| negative("last offset delta", last_offset_delta.into()))?,
            base_timestamp: Timestamp::from_millis(i64::from_be_bytes(part(header, 27))),
            max_timestamp: Timestamp::from_millis(i64::from_be_bytes(part(header, 35))),
            record_count: u32::try_from(record_count)
                .map(RecordCount::new)
                .map_err(|_| negative("number of records", record_count.into()))?,
            producer: ProducerBits {
                id: i64::from_be_bytes(part(header, 43)),
                epoch: i16::from_be_bytes(part(header, 51)),
                sequence: i32::from_be_bytes(part(header, 53)),
            },
        })
    }

    /// The bytes of the whole batch, header and records.
    #[must_use]
    pub fn total_bytes(&self) -> usize {
        BEFORE_LENGTH_ENDS + self.batch_length as usize
    }

    /// The offset of the last record, which batches keep when compaction takes the record. None past the last
    /// offset there is.
    #[must_use]
    pub fn last_offset(&self) -> Option<Offset> {
        self.base_offset.advanced(RecordCount::new(self.last_offset_delta))
    }

    /// How many offsets the batch takes: as many as it has records, unless it was compacted.
    #[must_use]
    pub fn offset_count(&self) -> RecordCount {
        RecordCount::new(self.last_offset_delta.saturating_add(1))
    }

    /// From when on compaction may remove its tombstones, once it has seen them.
    #[must_use]
    pub fn delete_horizon(&self) -> Option<Timestamp> {
        self.attributes.has_delete_horizon().then_some(self.base_timestamp)
    }

    /// The idempotent producer that sent it.
    #[must_use]
    pub fn producer_id(&self) -> Option<ProducerId> {
        ProducerId::new(self.producer.id).ok()
    }

    /// Of a producer; without one it means nothing.
    #[must_use]
    pub fn producer_epoch(&self) -> Option<ProducerEpoch> {
        ProducerEpoch::new(self.producer.epoch).ok()
    }

    /// Of the first record, counted by the producer; without one it means nothing. Markers have none.
    #[must_use]
    pub fn base_sequence(&self) -> Option<Sequence> {
        Sequence::new(self.producer.sequence).ok()
    }

    /// The header as consumers get it: at its place in the log and, where the topic wants that, with
    /// the time at which it was appended instead of the producer's. The records are not needed: what a
    /// checksum owes to its first bytes can be exchanged.
    #[must_use]
    pub fn stamped(
        &self,
        base_offset: Offset,
        epoch: LeaderEpoch,
        log_append_time: Option<Timestamp>,
    ) -> Self {
        let mut stamped = Self { base_offset, leader_epoch: Some(epoch), ..self.clone() };
        if let Some(time) = log_append_time {
            stamped.attributes = self.attributes.with_log_append_time();
            stamped.max_timestamp = time;
            let exchanged = self.checked_crc() ^ stamped.checked_crc();
            let records = self.total_bytes() - HEADER_BYTES;
            stamped.crc = self.crc ^ crc32c::crc32c_combine(exchanged, 0, records);
        }
        stamped
    }

    /// The header as it is sent.
    #[must_use]
    pub fn to_bytes(&self) -> [u8; HEADER_BYTES] {
        let mut bytes = [0; HEADER_BYTES];
        put(&mut bytes, 0, self.base_offset.get().to_be_bytes());
        put(&mut bytes, 8, self.batch_length.to_be_bytes());
        put(&mut bytes, 12, self.leader_epoch.map_or(-1, LeaderEpoch::get).to_be_bytes());
        put(&mut bytes, 16, [2]);
        put(&mut bytes, 17, self.crc.to_be_bytes());
        put(&mut bytes, 21, self.attributes.bits().to_be_bytes());
        put(&mut bytes, 23, self.last_offset_delta.to_be_bytes());
        put(&mut bytes, 27, self.base_timestamp.millis().to_be_bytes());
        put(&mut bytes, 35, self.max_timestamp.millis().to_be_bytes());
        put(&mut bytes, 43, self.producer.id.to_be_bytes());
        put(&mut bytes, 51, self.producer.epoch.to_be_bytes());
        put(&mut bytes, 53, self.producer.sequence.to_be_bytes());
        put(&mut bytes, 57, self.record_count.get().to_be_bytes());
        bytes
    }

    /// The checksum of a whole batch with this header in front of `records`.
    pub(crate) fn crc_with(&self, records: &[u8]) -> u32 {
        crc32c::crc32c_append(self.checked_crc(), records)
    }

    /// The checksum of those bytes of the header that it covers.
    fn checked_crc(&self) -> u32 {
        crc32c::crc32c(&self.to_bytes()[CHECKED_FROM..])
    }
}

fn part<const N: usize>(header: &[u8; HEADER_BYTES], at: usize) -> [u8; N] {
    let mut part = [0; N];
    part.copy_from_slice(&header[at..at + N]);
    part
}

fn put<const N: usize>(header: &mut [u8; HEADER_BYTES], at: usize, part: [u8; N]) {
    header[at..at + N].copy_from_slice(&part);
}
