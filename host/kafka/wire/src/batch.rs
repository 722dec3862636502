//! Record batches of format 2, the only ones that are kept. They stay as producers sent them: what a
//! broker has to change is in their header.

mod attributes;
mod builder;
mod filtered;
mod header;
mod records;
#[cfg(test)]
mod tests;

use bytes::Bytes;

pub use attributes::{Attributes, UnknownCompression};
pub use builder::{BatchBuilder, BuildError, RecompressError};
pub use filtered::{Fate, FilterError, Filtered};
pub use header::{BatchHeader, HEADER_BYTES, HeaderError};
pub use records::{MalformedRecord, Record, RecordError, RecordHeader, Records};

/// One record batch: its header, taken apart, and all of its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordBatch {
    header: BatchHeader,
    bytes: Bytes,
}

/// Bytes that are no record batch.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BatchError {
    #[error(transparent)]
    Header(#[from] HeaderError),
    #[error("a record batch says that it has {said} bytes, {found} are left")]
    Truncated { said: usize, found: usize },
    #[error("a record batch is followed by {extra} bytes that do not belong to it")]
    Trailing { extra: usize },
    #[error("the checksum of a record batch is {said:#010x}, its bytes have {found:#010x}")]
    Crc { said: u32, found: u32 },
}

impl RecordBatch {
    /// Takes one batch off the front of `bytes`, without copying. The checksum is not looked at.
    ///
    /// # Errors
    /// When `bytes` begin with no whole batch; they are left as they are.
    pub fn split_from(bytes: &mut Bytes) -> Result<Self, BatchError> {
        let header = BatchHeader::parse(bytes)?;
        let said = header.total_bytes();
        if said > bytes.len() {
            return Err(BatchError::Truncated { said, found: bytes.len() });
        }
        Ok(Self { header, bytes: bytes.split_to(said) })
    }

    /// The batch that `bytes` are, all of them. The checksum is not looked at.
    ///
    /// # Errors
    /// When there is no whole batch, or something behind it.
    pub fn parse(mut bytes: Bytes) -> Result<Self, BatchError> {
        let batch = Self::split_from(&mut bytes)?;
        if !bytes.is_empty() {
            return Err(BatchError::Trailing { extra: bytes.len() });
        }
        Ok(batch)
    }

    /// Compares the bytes with their checksum: once for every batch that comes from outside.
    ///
    /// # Errors
    /// When they differ.
    pub fn check_crc(&self) -> Result<(), BatchError> {
        let found = self.header.crc_with(self.records_bytes());
        if found == self.header.crc { Ok(()) } else { Err(BatchError::Crc { said: self.header.crc, found }) }
    }

    /// The same in memory of its own: as it comes, a batch shares that of all that came with it.
    #[must_use]
    pub fn detached(&self) -> Self {
        Self { header: self.header.clone(), bytes: Bytes::copy_from_slice(&self.bytes) }
    }

    #[must_use]
    pub fn header(&self) -> &BatchHeader {
        &self.header
    }

    /// Header and records.
    #[must_use]
    pub fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    #[must_use]
    pub fn into_bytes(self) -> Bytes {
        self.bytes
    }

    /// The records, compressed where the attributes say so.
    fn records_bytes(&self) -> &[u8] {
        &self.bytes[HEADER_BYTES..]
    }

    /// The same batch elsewhere in the log, in a buffer of its own: see [`BatchHeader::stamped`].
    #[must_use]
    pub fn with_header(&self, header: BatchHeader) -> Self {
        let mut bytes = Vec::with_capacity(self.bytes.len());
        bytes.extend_from_slice(&header.to_bytes());
        bytes.extend_from_slice(self.records_bytes());
        Self { header, bytes: bytes.into() }
    }
}
