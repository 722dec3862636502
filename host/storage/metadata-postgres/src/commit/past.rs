//! What a partition remembers of a producer, as a row holds it: for each of its last batches, the oldest first, base
//! sequence and last sequence (4 bytes each), base offset and log append time (8 bytes each; the smallest number there
//! is where the records have another), all big-endian, as SQL can write it.

use forebay_model::{Offset, ProducerEpoch, Sequence, Timestamp};
use forebay_storage_metadata::{Past, PastBatch};

use crate::trouble::Trouble;

/// The bytes of a batch.
const SIZE: usize = 24;
const NO_TIME: i64 = i64::MIN;

pub(crate) fn read(epoch: i64, bytes: &[u8]) -> Result<Past, Trouble> {
    let known = i16::try_from(epoch).ok().and_then(|epoch| ProducerEpoch::new(epoch).ok());
    let epoch = known.ok_or_else(|| Trouble::number("producers.epoch", epoch))?;
    let corrupt = || Trouble::Corrupt(format!("producers.batches has {} bytes", bytes.len()));
    let (batches, rest) = bytes.as_chunks::<SIZE>();
    if !rest.is_empty() {
        return Err(corrupt());
    }
    let batches = batches.iter().map(read_batch).collect::<Result<_, _>>()?;
    Past::of(epoch, batches).ok_or_else(corrupt)
}

fn read_batch(bytes: &[u8; SIZE]) -> Result<PastBatch, Trouble> {
    let half = |at: usize| i32::from_be_bytes(std::array::from_fn(|index| bytes[at + index]));
    let whole = |at: usize| i64::from_be_bytes(std::array::from_fn(|index| bytes[at + index]));
    let corrupt =
        |negative: forebay_model::Negative| Trouble::Corrupt(format!("producers.batches: {negative}"));
    Ok(PastBatch {
        base_sequence: Sequence::new(half(0)).map_err(corrupt)?,
        last_sequence: Sequence::new(half(4)).map_err(corrupt)?,
        base_offset: Offset::new(whole(8)).map_err(corrupt)?,
        log_append_time: Some(whole(16)).filter(|time| *time != NO_TIME).map(Timestamp::from_millis),
    })
}

#[cfg(test)]
mod tests {
    use forebay_storage_metadata::BATCHES_REMEMBERED;

    use super::*;

    #[test]
    fn rows_that_no_commit_writes_are_corrupt() {
        let batch = [0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 9, 0x80, 0, 0, 0, 0, 0, 0, 0];
        let past = read(3, &batch).unwrap();
        let last = past.batches().last().unwrap();
        assert_eq!((last.base_sequence.get(), last.last_sequence.get()), (1, 2));
        assert_eq!((last.base_offset.get(), last.log_append_time), (9, None));
        assert!(read(3, &batch[1..]).is_err());
        assert!(read(3, &[]).is_err());
        assert!(read(-1, &batch).is_err());
        assert!(read(3, &[0xff; SIZE]).is_err());
        assert!(read(3, &batch.repeat(BATCHES_REMEMBERED + 1)).is_err());
    }
}
