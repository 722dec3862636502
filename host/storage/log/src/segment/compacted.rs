use bytes::Bytes;
use forebay_model::{ByteCount, Offset, PartitionId, Timestamp, TopicId, TopicIdPartition};
use uuid::Uuid;

use super::entry::{ENTRY_BYTES, part};
use super::footer::{FooterError, TRAILER_BYTES, chunks, put_trailer};
use super::{COMPACTED_END, COMPACTED_HEADER};

/// What a segment of compaction says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CompactedFooter {
    /// Its runs, in the order in which they lie there.
    pub entries: Vec<CompactedEntry>,
}

/// What a segment of compaction says of one of its runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CompactedEntry {
    /// The partition.
    pub log: TopicIdPartition,
    /// How many batches there are.
    pub batches: u32,
    /// Where the run begins in the segment.
    pub position: ByteCount,
    /// How many bytes it has.
    pub length: ByteCount,
    /// The offset of its first record.
    pub base_offset: Offset,
    /// The offset behind its last record.
    pub end_offset: Offset,
    /// The latest timestamp of its records.
    pub max_timestamp: Timestamp,
    /// The checksum of its bytes.
    pub crc: u32,
}

impl CompactedFooter {
    /// The entries and the trailer of a segment whose batches end at `start`.
    pub(crate) fn encode(&self, start: u64) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.entries.len() * ENTRY_BYTES + TRAILER_BYTES);
        for entry in &self.entries {
            entry.put(&mut bytes);
        }
        put_trailer(&mut bytes, start, self.entries.len(), COMPACTED_END);
        bytes
    }

    /// What the end of a segment of `size` bytes says: `tail` is its entries and its trailer, and may be more of it.
    ///
    /// # Errors
    /// When the bytes are not the end of such a segment, or were changed.
    pub fn parse(tail: &Bytes, size: u64) -> Result<Self, FooterError> {
        let (chunks, runs_end) = chunks(tail, size, COMPACTED_END)?;
        let mut entries = Vec::with_capacity(chunks.len());
        let mut next = COMPACTED_HEADER.len() as u64;
        for (index, chunk) in chunks.iter().enumerate() {
            let wrong = |reason| FooterError::Entry { index, reason };
            let entry = CompactedEntry::parse(chunk).ok_or_else(|| wrong("a number is out of its range"))?;
            // What could not be written to its end lies between two runs.
            if entry.position.get() < next {
                return Err(wrong("it begins before the run before it ends"));
            }
            next = entry
                .position
                .get()
                .checked_add(entry.length.get())
                .filter(|end| *end <= runs_end)
                .ok_or_else(|| wrong("it reaches beyond the runs"))?;
            entries.push(entry);
        }
        Ok(Self { entries })
    }
}

impl CompactedEntry {
    fn put(&self, bytes: &mut Vec<u8>) {
        bytes.extend_from_slice(self.log.topic.uuid().as_bytes());
        bytes.extend_from_slice(&self.log.partition.get().to_be_bytes());
        bytes.extend_from_slice(&self.batches.to_be_bytes());
        bytes.extend_from_slice(&self.position.get().to_be_bytes());
        bytes.extend_from_slice(&self.length.get().to_be_bytes());
        bytes.extend_from_slice(&self.base_offset.get().to_be_bytes());
        bytes.extend_from_slice(&self.end_offset.get().to_be_bytes());
        bytes.extend_from_slice(&self.max_timestamp.millis().to_be_bytes());
        bytes.extend_from_slice(&self.crc.to_be_bytes());
        bytes.extend_from_slice(&[0; 4]);
    }

    fn parse(bytes: &[u8; ENTRY_BYTES]) -> Option<Self> {
        let base_offset = Offset::new(i64::from_be_bytes(part(bytes, 40))).ok()?;
        let end_offset = Offset::new(i64::from_be_bytes(part(bytes, 48))).ok()?;
        if base_offset >= end_offset {
            return None;
        }
        Some(Self {
            log: TopicIdPartition {
                topic: TopicId::from_uuid(Uuid::from_bytes(part(bytes, 0))),
                partition: PartitionId::new(i32::from_be_bytes(part(bytes, 16))).ok()?,
            },
            batches: u32::from_be_bytes(part(bytes, 20)),
            position: ByteCount::new(u64::from_be_bytes(part(bytes, 24))),
            length: ByteCount::new(u64::from_be_bytes(part(bytes, 32))),
            base_offset,
            end_offset,
            max_timestamp: Timestamp::from_millis(i64::from_be_bytes(part(bytes, 56))),
            crc: u32::from_be_bytes(part(bytes, 64)),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::segment::SegmentFooter;

    fn footer() -> CompactedFooter {
        let entry = |partition, position, base| CompactedEntry {
            log: TopicIdPartition::new(TopicId::from_random(3), PartitionId::new(partition).unwrap()),
            batches: 2,
            position: ByteCount::new(position),
            length: ByteCount::new(50),
            base_offset: Offset::new(base).unwrap(),
            end_offset: Offset::new(base + 9).unwrap(),
            max_timestamp: Timestamp::NONE,
            crc: 0xabcd_ef01,
        };
        CompactedFooter { entries: vec![entry(0, 8, 0), entry(0, 58, 20), entry(1, 120, 7)] }
    }

    #[test]
    fn what_was_written_is_read_and_what_was_changed_is_not() {
        let bytes = footer().encode(200);
        let size = 200 + bytes.len() as u64;
        assert_eq!(CompactedFooter::parse(&bytes.clone().into(), size), Ok(footer()));
        for place in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[place] ^= 1;
            let unchecked = bytes.len() - 12..bytes.len() - 8;
            let parsed = CompactedFooter::parse(&changed.into(), size);
            assert_eq!(parsed.is_ok(), unchecked.contains(&place), "byte {place}: {parsed:?}");
        }
    }

    #[test]
    fn the_two_versions_are_told_apart() {
        let bytes = Bytes::from(footer().encode(200));
        let refused = SegmentFooter::parse(&bytes, 200 + bytes.len() as u64);
        assert_eq!(refused, Err(FooterError::Version { version: 2, expected: 1 }));
    }
}
