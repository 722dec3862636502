use std::ops::Range;

use bytes::Bytes;

use super::entry::{ENTRY_BYTES, SegmentEntry};
use super::{END, HEADER};

/// The bytes of a trailer.
pub const TRAILER_BYTES: usize = 32;
/// What of the trailer its checksum covers.
const CHECKED: usize = 16;

/// What a segment says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SegmentFooter {
    /// Its batches, in their order.
    pub entries: Vec<SegmentEntry>,
}

/// Bytes that are not the end of a segment.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FooterError {
    /// Too few bytes.
    #[error("a segment of {size} bytes is too short: it has at least {least}")]
    Short {
        /// How many there are.
        size: u64,
        /// How many there must be.
        least: u64,
    },
    /// It is no segment.
    #[error("the object does not end as a segment does")]
    NoSegment,
    /// It is of a version that this program does not know.
    #[error("the segment is of version {version}; version {expected} was to be read")]
    Version {
        /// The version.
        version: u8,
        /// The one that was looked for.
        expected: u8,
    },
    /// The entries are not where they should be.
    #[error("the trailer says that {count} entries begin at byte {start}, in a segment of {size} bytes")]
    Layout {
        /// Where they begin.
        start: u64,
        /// How many there are.
        count: u32,
        /// How long the segment is.
        size: u64,
    },
    /// They were changed.
    #[error("the checksum of the entries is {found:#010x}; the trailer says {said:#010x}")]
    Crc {
        /// What it is.
        found: u32,
        /// What it should be.
        said: u32,
    },
    /// One of them can't be.
    #[error("entry {index} can't be: {reason}")]
    Entry {
        /// Which, from 0.
        index: usize,
        /// What is wrong.
        reason: &'static str,
    },
}

impl SegmentFooter {
    /// The entries and the trailer of a segment whose batches end at `start`.
    pub(super) fn encode(&self, start: u64) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.entries.len() * ENTRY_BYTES + TRAILER_BYTES);
        for entry in &self.entries {
            entry.put(&mut bytes);
        }
        put_trailer(&mut bytes, start, self.entries.len(), END);
        bytes
    }

    /// Where the entries of a segment of `size` bytes lie, by its last 32 bytes.
    ///
    /// # Errors
    /// When it is no segment, or of another version.
    pub fn locate(trailer: &[u8; TRAILER_BYTES], size: u64) -> Result<Range<u64>, FooterError> {
        locate(trailer, size, END)
    }

    /// What the end of a segment of `size` bytes says: `tail` is its entries and its trailer, and may be more of it.
    ///
    /// # Errors
    /// When the bytes are not the end of a segment, or were changed.
    pub fn parse(tail: &Bytes, size: u64) -> Result<Self, FooterError> {
        let (chunks, batches_end) = chunks(tail, size, END)?;
        let mut entries = Vec::with_capacity(chunks.len());
        let mut next = HEADER.len() as u64;
        for (index, chunk) in chunks.iter().enumerate() {
            let wrong = |reason| FooterError::Entry { index, reason };
            let entry = SegmentEntry::parse(chunk).ok_or_else(|| wrong("a number is out of its range"))?;
            if entry.position.get() != next {
                return Err(wrong("it does not begin where the batch before it ends"));
            }
            next = next
                .checked_add(entry.length.get())
                .filter(|end| *end <= batches_end)
                .ok_or_else(|| wrong("it reaches beyond the batches"))?;
            entries.push(entry);
        }
        Ok(Self { entries })
    }
}

/// The trailer of entries that stand in `bytes`, in a segment whose batches end at `start`.
pub(super) fn put_trailer(bytes: &mut Vec<u8>, start: u64, count: usize, end: [u8; 8]) {
    bytes.extend_from_slice(&start.to_be_bytes());
    bytes.extend_from_slice(&u32::try_from(count).unwrap_or(u32::MAX).to_be_bytes());
    bytes.extend_from_slice(&[0; 4]);
    let crc = crc32c::crc32c(bytes);
    bytes.extend_from_slice(&crc.to_be_bytes());
    bytes.extend_from_slice(&[0; 4]);
    bytes.extend_from_slice(&end);
}

/// Where the entries lie of a segment that ends with `expected`.
fn locate(trailer: &[u8; TRAILER_BYTES], size: u64, expected: [u8; 8]) -> Result<Range<u64>, FooterError> {
    let [.., version] = *trailer;
    if trailer[24..31] != expected[..7] {
        return Err(FooterError::NoSegment);
    }
    if version != expected[7] {
        return Err(FooterError::Version { version, expected: expected[7] });
    }
    let start = u64::from_be_bytes(part(trailer, 0));
    let count = u32::from_be_bytes(part(trailer, 8));
    let end = start.checked_add(u64::from(count) * ENTRY_BYTES as u64);
    let least = HEADER.len() as u64;
    match end {
        Some(end) if start >= least && end.checked_add(TRAILER_BYTES as u64) == Some(size) => Ok(start..end),
        _ => Err(FooterError::Layout { start, count, size }),
    }
}

/// The entries at the end of a segment, byte by byte, and where its batches end.
pub(super) fn chunks(
    tail: &Bytes,
    size: u64,
    expected: [u8; 8],
) -> Result<(&[[u8; ENTRY_BYTES]], u64), FooterError> {
    let least = (HEADER.len() + TRAILER_BYTES) as u64;
    let short = FooterError::Short { size, least };
    let (before, trailer) = tail.split_last_chunk::<TRAILER_BYTES>().ok_or_else(|| short.clone())?;
    let range = locate(trailer, size, expected)?;
    let length = usize::try_from(range.end - range.start).map_err(|_| short.clone())?;
    let from = before.len().checked_sub(length).ok_or(short)?;
    let found = crc32c::crc32c(&tail[from..from + length + CHECKED]);
    let said = u32::from_be_bytes(part(trailer, CHECKED));
    if found != said {
        return Err(FooterError::Crc { found, said });
    }
    let (chunks, _) = before[from..].as_chunks::<ENTRY_BYTES>();
    Ok((chunks, range.start))
}

/// `N` bytes from `at` on; the layout has them.
fn part<const N: usize>(bytes: &[u8; TRAILER_BYTES], at: usize) -> [u8; N] {
    let mut part = [0; N];
    part.copy_from_slice(&bytes[at..at + N]);
    part
}
