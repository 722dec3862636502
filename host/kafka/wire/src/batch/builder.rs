use bytes::Bytes;
use forebay_model::{Offset, ProducerEpoch, ProducerId, RecordCount, Sequence, Timestamp};

use super::header::ProducerBits;
use super::{Attributes, BatchHeader, HEADER_BYTES, RecordBatch, RecordHeader};
use crate::compression::{CompressError, Compression};
use crate::varint::{put_signed, put_signed_long};

/// Makes a record batch of records that are pushed one by one.
#[derive(Debug)]
pub struct BatchBuilder {
    attributes: Attributes,
    compression: Compression,
    base_offset: Offset,
    producer: ProducerBits,
    /// Of the first record; all others are told relative to it.
    pub(super) base_timestamp: Option<Timestamp>,
    max_timestamp: Timestamp,
    /// Of the next record at the earliest.
    next_delta: u32,
    count: u32,
    /// Behind room for a header.
    records: Vec<u8>,
    /// Of a record what stands around its value.
    around: Vec<u8>,
}

/// How much memory a batch takes at most, in its own length.
const MOST_ROOM: usize = 2;

/// A batch that can't be written.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    #[error("compress the records of a batch")]
    Compress(#[from] CompressError),
    #[error("a batch has {bytes} bytes, the format has room for 2147483647")]
    Large { bytes: usize },
    #[error("a field of a record has {bytes} bytes, the format has room for 2147483647")]
    LargeField { bytes: usize },
    #[error("offset {offset} does not follow those before it in the batch from {base} on")]
    Order { offset: Offset, base: Offset },
    #[error("a batch has more than 2147483648 offsets")]
    Many,
    #[error("a batch has no records")]
    Empty,
}

impl BatchBuilder {
    /// A batch whose first offset is `base_offset`.
    #[must_use]
    pub fn new(base_offset: Offset, compression: Compression) -> Self {
        Self {
            attributes: Attributes::default().with_compression(compression),
            compression,
            base_offset,
            producer: ProducerBits::NONE,
            base_timestamp: None,
            max_timestamp: Timestamp::from_millis(i64::MIN),
            next_delta: 0,
            count: 0,
            records: vec![0; HEADER_BYTES],
            around: Vec::new(),
        }
    }

    /// With room for so many bytes of records at once.
    #[must_use]
    pub fn reserved(mut self, bytes: usize) -> Self {
        self.records.reserve(bytes);
        self
    }

    /// As an idempotent producer sends it. Markers have no sequence.
    #[must_use]
    pub fn producer(mut self, id: ProducerId, epoch: ProducerEpoch, first: Option<Sequence>) -> Self {
        self.producer =
            ProducerBits { id: id.get(), epoch: epoch.get(), sequence: first.map_or(-1, Sequence::get) };
        self
    }

    /// Of a transaction.
    #[must_use]
    pub fn transactional(mut self) -> Self {
        self.attributes = self.attributes.with_transactional();
        self
    }

    /// A marker of brokers: see [`crate::control`].
    #[must_use]
    pub fn control(mut self) -> Self {
        self.attributes = self.attributes.with_control();
        self
    }

    /// All records have the time at which they were appended.
    #[must_use]
    pub fn log_append_time(mut self) -> Self {
        self.attributes = self.attributes.with_log_append_time();
        self
    }

    /// Adds a record behind those there are.
    ///
    /// # Errors
    /// When something is larger than the format allows.
    pub fn push(
        &mut self,
        timestamp: Timestamp,
        key: Option<&[u8]>,
        value: Option<&[u8]>,
        headers: &[RecordHeader],
    ) -> Result<(), BuildError> {
        self.push_delta(self.next_delta, timestamp, (key, value), headers)
    }

    /// Adds a record at `offset`, which must be larger than that of the record before: compaction leaves gaps.
    ///
    /// # Errors
    /// When the offset does not follow, or something is larger than the format allows.
    pub fn push_at(
        &mut self,
        offset: Offset,
        timestamp: Timestamp,
        (key, value): (Option<&[u8]>, Option<&[u8]>),
        headers: &[RecordHeader],
    ) -> Result<(), BuildError> {
        let delta = u32::try_from(offset.since(self.base_offset))
            .ok()
            .filter(|delta| *delta >= self.next_delta && offset >= self.base_offset)
            .ok_or(BuildError::Order { offset, base: self.base_offset })?;
        self.push_delta(delta, timestamp, (key, value), headers)
    }

    fn push_delta(
        &mut self,
        delta: u32,
        timestamp: Timestamp,
        (key, value): (Option<&[u8]>, Option<&[u8]>),
        headers: &[RecordHeader],
    ) -> Result<(), BuildError> {
        let signed_delta = i32::try_from(delta).map_err(|_| BuildError::Many)?;
        let base = *self.base_timestamp.get_or_insert(timestamp);
        let around = &mut self.around;
        around.clear();
        around.push(0);
        put_signed_long(around, timestamp.millis().wrapping_sub(base.millis()));
        put_signed(around, signed_delta);
        put_optional(around, key)?;
        put_length(around, value)?;
        let before = around.len();
        put_signed(around, length(headers.len())?);
        for header in headers {
            put_optional(around, Some(&header.key))?;
            put_optional(around, header.value.as_deref())?;
        }
        let value = value.unwrap_or_default();
        let (front, rear) = around.split_at(before);
        put_signed(&mut self.records, length(around.len() + value.len())?);
        // The value is most of a record: it is copied once.
        self.records.extend_from_slice(front);
        self.records.extend_from_slice(value);
        self.records.extend_from_slice(rear);
        self.max_timestamp = self.max_timestamp.max(timestamp);
        self.next_delta = delta + 1;
        self.count += 1;
        Ok(())
    }

    /// The bytes of the records so far, before compression.
    #[must_use]
    pub fn uncompressed_bytes(&self) -> usize {
        self.records.len() - HEADER_BYTES
    }

    /// The batch.
    ///
    /// # Errors
    /// When there is no record, or the batch gets too large.
    pub fn build(self) -> Result<RecordBatch, BuildError> {
        let base_timestamp = self.base_timestamp.ok_or(BuildError::Empty)?;
        let bytes = match self.compression {
            Compression::None => self.records,
            packed => behind_header(packed, self.records.get(HEADER_BYTES..).unwrap_or_default())?,
        };
        let header = BatchHeader {
            base_offset: self.base_offset,
            batch_length: 0,
            leader_epoch: None,
            crc: 0,
            attributes: self.attributes,
            last_offset_delta: self.next_delta - 1,
            base_timestamp,
            max_timestamp: self.max_timestamp,
            record_count: RecordCount::new(self.count),
            producer: self.producer,
        };
        headed(header, bytes)
    }
}

impl RecordBatch {
    /// The same records compressed in another way, in a batch of their own with everything else as it was.
    ///
    /// # Errors
    /// When the records can't be read within `limit` bytes, or not be compressed.
    pub fn recompressed(&self, compression: Compression, limit: usize) -> Result<Self, RecompressError> {
        let packed = self.bytes.slice(HEADER_BYTES..);
        let unpacked = self.header.attributes.compression()?.decompress(&packed, limit)?;
        let bytes = behind_header(compression, &unpacked)?;
        let mut header = self.header.clone();
        header.attributes = header.attributes.with_compression(compression);
        Ok(headed(header, bytes)?)
    }
}

/// A batch whose compression can't be changed.
#[derive(Debug, thiserror::Error)]
pub enum RecompressError {
    #[error(transparent)]
    Unknown(#[from] super::UnknownCompression),
    #[error("decompress the records of a batch")]
    Decompress(#[from] crate::compression::DecompressError),
    #[error("compress the records of a batch")]
    Compress(#[from] CompressError),
    #[error(transparent)]
    Build(#[from] BuildError),
}

/// Records that are compressed behind room for a header.
fn behind_header(compression: Compression, records: &[u8]) -> Result<Vec<u8>, CompressError> {
    let mut bytes = vec![0; HEADER_BYTES];
    compression.compress(records, &mut bytes)?;
    Ok(bytes)
}

/// The batch of records that stand behind room for a header: with its length and its checksum, and without room that
/// was made for more, as for records before they were compressed: batches stay for long, and count by their length.
fn headed(mut header: BatchHeader, mut bytes: Vec<u8>) -> Result<RecordBatch, BuildError> {
    let total = bytes.len();
    let length = i32::try_from(total - 12).map_err(|_| BuildError::Large { bytes: total })?;
    header.batch_length = length.cast_unsigned();
    let (room, records) = bytes.split_at_mut(HEADER_BYTES);
    header.crc = header.crc_with(records);
    room.copy_from_slice(&header.to_bytes());
    if bytes.capacity() > bytes.len().saturating_mul(MOST_ROOM) {
        bytes.shrink_to_fit();
    }
    Ok(RecordBatch { header, bytes: Bytes::from(bytes) })
}

fn put_optional(record: &mut Vec<u8>, field: Option<&[u8]>) -> Result<(), BuildError> {
    put_length(record, field)?;
    record.extend_from_slice(field.unwrap_or_default());
    Ok(())
}

/// What stands in front of a field.
fn put_length(record: &mut Vec<u8>, field: Option<&[u8]>) -> Result<(), BuildError> {
    put_signed(record, field.map_or(Ok(-1), |field| length(field.len()))?);
    Ok(())
}

fn length(bytes: usize) -> Result<i32, BuildError> {
    i32::try_from(bytes).map_err(|_| BuildError::LargeField { bytes })
}
