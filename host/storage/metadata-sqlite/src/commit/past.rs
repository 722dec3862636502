//! What a partition remembers of a producer, as a row holds it: for each of its last batches, the oldest first, base
//! sequence and last sequence (4 bytes each), base offset and log append time (8 bytes each; the smallest number there
//! is where the records have another), all little-endian.

use forebay_model::{Offset, ProducerEpoch, Sequence, Timestamp};
use forebay_storage_metadata::{Past, PastBatch};

use crate::trouble::Trouble;

const SIZE: usize = 24;
const NO_TIME: i64 = i64::MIN;

/// The row of a producer in a partition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PastRow {
    pub(crate) past: Past,
    /// When it wrote last, in hours since 1970; `None` for one that has no row.
    pub(crate) hour: Option<i64>,
}

impl PastRow {
    pub(crate) const fn begin(epoch: ProducerEpoch) -> Self {
        Self { past: Past::begin(epoch), hour: None }
    }

    pub(crate) fn read(epoch: i16, hour: i64, bytes: &[u8]) -> Result<Self, Trouble> {
        let epoch =
            ProducerEpoch::new(epoch).map_err(|_| Trouble::number("producers.epoch", epoch.into()))?;
        let corrupt = || Trouble::Corrupt(format!("producers.batches has {} bytes", bytes.len()));
        let (batches, rest) = bytes.as_chunks::<SIZE>();
        if !rest.is_empty() {
            return Err(corrupt());
        }
        let batches = batches.iter().map(read_batch).collect::<Result<_, _>>()?;
        Ok(Self { past: Past::of(epoch, batches).ok_or_else(corrupt)?, hour: Some(hour) })
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        self.past.batches().iter().flat_map(bytes_of).collect()
    }
}

fn read_batch(bytes: &[u8; SIZE]) -> Result<PastBatch, Trouble> {
    let half = |at: usize| i32::from_le_bytes(std::array::from_fn(|index| bytes[at + index]));
    let whole = |at: usize| i64::from_le_bytes(std::array::from_fn(|index| bytes[at + index]));
    let corrupt =
        |negative: forebay_model::Negative| Trouble::Corrupt(format!("producers.batches: {negative}"));
    Ok(PastBatch {
        base_sequence: Sequence::new(half(0)).map_err(corrupt)?,
        last_sequence: Sequence::new(half(4)).map_err(corrupt)?,
        base_offset: Offset::new(whole(8)).map_err(corrupt)?,
        log_append_time: Some(whole(16)).filter(|time| *time != NO_TIME).map(Timestamp::from_millis),
    })
}

fn bytes_of(batch: &PastBatch) -> [u8; SIZE] {
    let mut bytes = [0; SIZE];
    bytes[..4].copy_from_slice(&batch.base_sequence.get().to_le_bytes());
    bytes[4..8].copy_from_slice(&batch.last_sequence.get().to_le_bytes());
    bytes[8..16].copy_from_slice(&batch.base_offset.get().to_le_bytes());
    let time = batch.log_append_time.map_or(NO_TIME, Timestamp::millis);
    bytes[16..].copy_from_slice(&time.to_le_bytes());
    bytes
}

#[cfg(test)]
mod tests {
    use forebay_storage_metadata::BATCHES_REMEMBERED;

    use super::*;

    #[test]
    fn what_is_remembered_is_read_as_it_was_written() {
        let mut row = PastRow::begin(ProducerEpoch::ZERO);
        for index in 0..7 {
            let time = (index % 2 == 0).then(|| Timestamp::from_millis(i64::from(index)));
            let sequence = Sequence::new(index * 10).unwrap();
            row.past.push(
                ProducerEpoch::ZERO,
                PastBatch {
                    base_sequence: sequence,
                    last_sequence: Sequence::new(index * 10 + 9).unwrap(),
                    base_offset: Offset::new(i64::from(index)).unwrap(),
                    log_append_time: time,
                },
            );
        }
        row.hour = Some(5);
        assert_eq!(row.past.batches().len(), BATCHES_REMEMBERED);
        let bytes = row.bytes();
        assert_eq!(PastRow::read(0, 5, &bytes).unwrap(), row);
        assert!(PastRow::read(0, 5, &bytes[1..]).is_err());
        assert!(PastRow::read(0, 5, &[]).is_err());
        assert!(PastRow::read(-1, 5, &bytes).is_err());
        assert!(PastRow::read(0, 5, &[0xff; SIZE]).is_err());
    }
}
