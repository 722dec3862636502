use bytes::Bytes;
use forebay_model::{Offset, RecordCount, Timestamp};

use super::{RecordBatch, UnknownCompression};
use crate::compression::{Compression, DecompressError};
use crate::cursor::{Cursor, Ended};
use crate::varint::{self, VarintError};

/// One record of a batch, at its place in the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    pub offset: Offset,
    /// The producer's time, or that of the append where the batch says so.
    pub timestamp: Timestamp,
    pub key: Option<Bytes>,
    /// Without a value the record is a tombstone.
    pub value: Option<Bytes>,
    /// In the order in which they were written; keys may repeat.
    pub headers: Vec<RecordHeader>,
}

/// A header of a record. The key is any bytes: not every producer writes UTF-8.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordHeader {
    pub key: Bytes,
    pub value: Option<Bytes>,
}

/// Records that can't be read.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    #[error(transparent)]
    Compression(#[from] UnknownCompression),
    #[error("decompress the records of a batch")]
    Decompress(#[from] DecompressError),
    #[error("record {index} of a batch of {count}")]
    Malformed { index: u32, count: u32, source: MalformedRecord },
    #[error("a batch says that it has {count} records, and {extra} bytes follow them")]
    Trailing { count: u32, extra: usize },
    #[error("the offset of record {index} of a batch of {count} is past the last that there is, or negative")]
    Offset { index: u32, count: u32 },
}

/// What is wrong with one record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MalformedRecord {
    #[error(transparent)]
    Varint(#[from] VarintError),
    #[error(transparent)]
    Ended(#[from] Ended),
    #[error("its {field} has the length {length}")]
    Length { field: &'static str, length: i32 },
    #[error("{extra} bytes follow its last header")]
    Trailing { extra: usize },
}

/// The records of a batch, one after the other. Ends after the first error.
#[derive(Debug)]
pub struct Records {
    /// All of them; those before `at` have been read.
    bytes: Bytes,
    at: usize,
    base_offset: Offset,
    base_timestamp: Timestamp,
    log_append_time: Option<Timestamp>,
    count: u32,
    read: u32,
    failed: bool,
    /// Bytes of a buffer that is not the batch itself.
    unpacked: usize,
}

impl RecordBatch {
    /// The records. Keys, values and headers share one buffer: the batch itself, or what it decompresses
    /// to, of which there are at most `limit` bytes.
    ///
    /// # Errors
    /// When the batch can't be decompressed within the limit.
    pub fn records(&self, limit: usize) -> Result<Records, RecordError> {
        let header = &self.header;
        let compressed = self.bytes.slice(super::HEADER_BYTES..);
        let bytes = header.attributes.compression()?.decompress(&compressed, limit)?;
        let is_packed = header.attributes.compression()? != Compression::None;
        let unpacked = if is_packed { bytes.len() } else { 0 };
        Ok(Records {
            bytes,
            at: 0,
            base_offset: header.base_offset,
            base_timestamp: header.base_timestamp,
            log_append_time: header.attributes.is_log_append_time().then_some(header.max_timestamp),
            count: header.record_count.get(),
            read: 0,
            failed: false,
            unpacked,
        })
    }
}

impl Records {
    /// The bytes of the buffer that the records share, where that is not the batch itself.
    #[must_use]
    pub fn unpacked(&self) -> usize {
        self.unpacked
    }
}

impl Iterator for Records {
    type Item = Result<Record, RecordError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.failed {
            return None;
        }
        if self.read == self.count {
            let extra = self.bytes.len() - self.at;
            if extra == 0 {
                return None;
            }
            self.failed = true;
            return Some(Err(RecordError::Trailing { count: self.count, extra }));
        }
        let (index, count) = (self.read, self.count);
        self.read += 1;
        let record = match self.read_one() {
            Ok(Some(record)) => Ok(record),
            Ok(None) => Err(RecordError::Offset { index, count }),
            Err(source) => Err(RecordError::Malformed { index, count, source }),
        };
        self.failed = record.is_err();
        Some(record)
    }
}

impl Records {
    /// The next record, or none where its offset is none.
    fn read_one(&mut self) -> Result<Option<Record>, MalformedRecord> {
        let bytes = &self.bytes;
        let mut from = Cursor::new(bytes.get(self.at..).unwrap_or_default());
        let length = size("length", varint::signed(&mut from)?)?;
        let record = from.take(length)?;
        self.at = bytes.len() - from.remaining();

        let mut from = Cursor::new(record);
        // No attributes of records have a meaning yet.
        from.byte()?;
        let timestamp_delta = varint::signed_long(&mut from)?;
        let offset_delta = varint::signed(&mut from)?;
        let key = optional(bytes, &mut from, "key")?;
        let value = optional(bytes, &mut from, "value")?;
        let header_count = size("headers", varint::signed(&mut from)?)?;
        // A header takes two bytes at least, so a count can't ask for more room than the record explains.
        let mut headers = Vec::with_capacity(header_count.min(from.remaining() / 2));
        for _ in 0..header_count {
            let length = size("header key", varint::signed(&mut from)?)?;
            let key = bytes.slice_ref(from.take(length)?);
            headers.push(RecordHeader { key, value: optional(bytes, &mut from, "header value")? });
        }
        if from.remaining() > 0 {
            return Err(MalformedRecord::Trailing { extra: from.remaining() });
        }
        let sent = Timestamp::from_millis(self.base_timestamp.millis().wrapping_add(timestamp_delta));
        let delta = u32::try_from(offset_delta).ok().map(RecordCount::new);
        let offset = delta.and_then(|delta| self.base_offset.advanced(delta));
        let timestamp = self.log_append_time.unwrap_or(sent);
        Ok(offset.map(|offset| Record { offset, timestamp, key, value, headers }))
    }
}

/// Bytes with their length in front, -1 for none: those in `from` lie in `bytes`.
fn optional(
    bytes: &Bytes,
    from: &mut Cursor<'_>,
    field: &'static str,
) -> Result<Option<Bytes>, MalformedRecord> {
    let length = varint::signed(from)?;
    if length == -1 {
        return Ok(None);
    }
    Ok(Some(bytes.slice_ref(from.take(size(field, length)?)?)))
}

fn size(field: &'static str, length: i32) -> Result<usize, MalformedRecord> {
    usize::try_from(length).map_err(|_| MalformedRecord::Length { field, length })
}
