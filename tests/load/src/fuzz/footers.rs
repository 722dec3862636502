//! The ends of segments.

use bytes::Bytes;
use forebay_model::{PartitionId, RecordCount, Timestamp, TopicId, TopicIdPartition};
use forebay_storage_log::NewBatch;
use forebay_storage_log::segment::{ENTRY_BYTES, HEADER, SegmentContents, SegmentFooter, TRAILER_BYTES};
use forebay_storage_metadata::TimestampType;

use super::{Broken, Outcome, Target, law, outcome};

/// Eight bytes of an input say how long the segment is, the others are its end. Each is also read with the checksum that
/// it should have, or hardly any would be looked into.
pub const FOOTERS: Target =
    Target { name: "footers of segments", corpus, read, room: |bytes| (16 << 10) + 8 * bytes };

fn corpus() -> Vec<Vec<u8>> {
    let batch = |partition| {
        let log = TopicIdPartition {
            topic: TopicId::from_random(7),
            partition: PartitionId::new(partition).unwrap_or(PartitionId::ZERO),
        };
        NewBatch {
            log,
            bytes: Bytes::from_static(b"any bytes"),
            records: RecordCount::new(3),
            max_timestamp: Timestamp::from_millis(1),
            timestamps: TimestampType::CreateTime,
            producer: None,
            crc: 5,
        }
    };
    let segment = |batches: i32| {
        let contents = SegmentContents::lay_out(&[(0..batches).map(batch).collect()]);
        let bytes = contents.payload.pieces().concat();
        let end = usize::try_from(batches).unwrap_or_default() * ENTRY_BYTES + TRAILER_BYTES;
        let tail = bytes.get(bytes.len() - end..).unwrap_or_default();
        [&(bytes.len() as u64).to_be_bytes()[..], tail].concat()
    };
    (0..4).map(segment).collect()
}

fn read(input: &[u8]) -> Result<Outcome, Broken> {
    let Some((size, tail)) = input.split_first_chunk::<8>() else { return Ok("nothing".to_owned()) };
    let size = u64::from_be_bytes(*size);
    let as_it_is = parsed(tail, size)?;
    let as_if_right = parsed(&with_checksum(tail, size), size)?;
    Ok(format!("{as_it_is}; {as_if_right}"))
}

fn parsed(tail: &[u8], size: u64) -> Result<Outcome, Broken> {
    let footer = match SegmentFooter::parse(&Bytes::copy_from_slice(tail), size) {
        Ok(footer) => footer,
        Err(error) => return Ok(outcome(&error)),
    };
    law(footer.entries.len() * ENTRY_BYTES + TRAILER_BYTES <= tail.len(), || "too many entries".to_owned())?;
    let mut end = HEADER.len() as u64;
    for entry in &footer.entries {
        law(entry.position.get() == end, || format!("a batch at {:?}, not at {end}", entry.position))?;
        end += entry.length.get();
    }
    law(end <= size, || format!("batches up to {end} in a segment of {size} bytes"))?;
    Ok(format!("{} entries", footer.entries.len()))
}

/// The same with a checksum that fits, where there is a place for one.
fn with_checksum(tail: &[u8], size: u64) -> Vec<u8> {
    let mut tail = tail.to_vec();
    let range = tail.last_chunk::<TRAILER_BYTES>().and_then(|end| SegmentFooter::locate(end, size).ok());
    let length = range.and_then(|range| usize::try_from(range.end - range.start).ok());
    let trailer = tail.len().saturating_sub(TRAILER_BYTES);
    if let Some(from) = length.and_then(|length| trailer.checked_sub(length))
        && let Some(covered) = tail.get(from..trailer + 16)
    {
        let crc = crc32c::crc32c(covered).to_be_bytes();
        drop(tail.splice(trailer + 16..trailer + 20, crc));
    }
    tail
}
