//! A segment: one immutable object with the batches of many partitions.
//!
//! All numbers are big-endian.
//!
//! ```text
//! at 0   8 bytes   "FBSEG" 0 0 and the version, 1
//! at 8             record batches, one behind the other, as producers sent them; those of a partition side by side
//! then   n * 72    an entry for each batch, in the order of the batches
//! last   32 bytes  the trailer
//!
//! entry   0  16  id of the topic               trailer   0  8  where the entries begin
//!        16   4  partition                               8  4  n, how many entries there are
//!        20   4  records                                12  4  0
//!        24   8  where the batch begins                 16  4  CRC-32C of the entries and trailer up to here
//!        32   8  how many bytes it has                  20  4  0
//!        40   8  latest timestamp, ms                   24  8  "FBEND" 0 0 and the version, 1
//!        48   8  producer id, -1: none
//!        56   2  producer epoch, -1: none
//!        58   2  flags: 1 is LogAppendTime
//!        60   4  sequence of the first record, -1: none
//!        64   4  CRC-32C of the batch, as in its header
//!        68   4  the Produce request in this segment that brought it, from 0
//! ```
//!
//! A segment that compaction has written is of version 2, in both places: its batches say their own offsets and times,
//! as consumers get them, and there is an entry for each run, which is all that lies together of a partition.
//!
//! ```text
//! entry   0  16  id of the topic               40   8  offset of the first record
//!        16   4  partition                     48   8  offset behind the last record
//!        20   4  batches                       56   8  latest timestamp, ms, -1: none
//!        24   8  where the run begins          64   4  CRC-32C of the run
//!        32   8  how many bytes it has         68   4  0
//! ```
//!
//! Nobody needs the entries to read records, since the index of the metadata store has positions. They are there so
//! that a segment says by itself what is in it: for compaction, for repairs, and to check one against the other.
//! Readers refuse versions that they do not know. Offsets are not in one of version 1: they are
//! given when it is committed.

mod compacted;
mod contents;
mod entry;
mod footer;
mod name;

pub use compacted::{CompactedEntry, CompactedFooter};
pub use contents::SegmentContents;
pub use entry::{ENTRY_BYTES, SegmentEntry};
pub use footer::{FooterError, SegmentFooter, TRAILER_BYTES};
pub use name::{fresh_name, objects_of};

/// What a segment begins with. The last byte is the version.
pub const HEADER: [u8; 8] = *b"FBSEG\0\0\x01";
/// What a segment ends with.
pub const END: [u8; 8] = *b"FBEND\0\0\x01";

/// What a segment of compaction begins with.
pub const COMPACTED_HEADER: [u8; 8] = *b"FBSEG\0\0\x02";
/// What a segment of compaction ends with.
pub const COMPACTED_END: [u8; 8] = *b"FBEND\0\0\x02";

#[cfg(test)]
mod tests;
