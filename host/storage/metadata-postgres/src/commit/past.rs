//! What a partition remembers of a producer, as a row holds it: for each of its last batches, the oldest first, base
//! sequence and last sequence (4 bytes each), base offset and log append time (8 bytes each; the smallest number there
//! is where the records have another), all big-endian, as SQL can write it.

use forebay_model::{Offset, ProducerEpoch, Sequence, Timestamp};

use crate::trouble::Trouble;

/// How many batches are remembered, as in Kafka: a producer has at most five requests under way.
pub(crate) const REMEMBERED: usize = 5;

/// The bytes of a batch.
const SIZE: usize = 24;
const NO_TIME: i64 = i64::MIN;

/// What is known of a producer in a partition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Past {
    pub(crate) epoch: ProducerEpoch,
    batches: Vec<PastBatch>,
}

/// A batch that was committed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PastBatch {
    pub(crate) base_sequence: Sequence,
    pub(crate) last_sequence: Sequence,
    pub(crate) base_offset: Offset,
    pub(crate) log_append_time: Option<Timestamp>,
}

impl Past {
    pub(crate) const fn begin(epoch: ProducerEpoch) -> Self {
        Self { epoch, batches: Vec::new() }
    }

    pub(crate) fn read(epoch: i64, bytes: &[u8]) -> Result<Self, Trouble> {
        let known = i16::try_from(epoch).ok().and_then(|epoch| ProducerEpoch::new(epoch).ok());
        let epoch = known.ok_or_else(|| Trouble::number("producers.epoch", epoch))?;
        let (batches, rest) = bytes.as_chunks::<SIZE>();
        if !rest.is_empty() || batches.is_empty() || batches.len() > REMEMBERED {
            return Err(Trouble::Corrupt(format!("producers.batches has {} bytes", bytes.len())));
        }
        let batches = batches.iter().map(PastBatch::read).collect::<Result<_, _>>()?;
        Ok(Self { epoch, batches })
    }

    pub(crate) fn last(&self) -> Option<&PastBatch> {
        self.batches.last()
    }

    /// The batch with exactly these sequences.
    pub(crate) fn find(&self, base: Sequence, last: Sequence) -> Option<&PastBatch> {
        self.batches.iter().find(|batch| batch.base_sequence == base && batch.last_sequence == last)
    }

    /// Remembers a batch; in a newer epoch it is the first.
    pub(crate) fn push(&mut self, epoch: ProducerEpoch, batch: PastBatch) {
        if self.epoch != epoch {
            self.epoch = epoch;
            self.batches.clear();
        } else if self.batches.len() == REMEMBERED {
            self.batches.remove(0);
        }
        self.batches.push(batch);
    }
}

impl PastBatch {
    fn read(bytes: &[u8; SIZE]) -> Result<Self, Trouble> {
        let half = |at: usize| i32::from_be_bytes(std::array::from_fn(|index| bytes[at + index]));
        let whole = |at: usize| i64::from_be_bytes(std::array::from_fn(|index| bytes[at + index]));
        let corrupt =
            |negative: forebay_model::Negative| Trouble::Corrupt(format!("producers.batches: {negative}"));
        Ok(Self {
            base_sequence: Sequence::new(half(0)).map_err(corrupt)?,
            last_sequence: Sequence::new(half(4)).map_err(corrupt)?,
            base_offset: Offset::new(whole(8)).map_err(corrupt)?,
            log_append_time: Some(whole(16)).filter(|time| *time != NO_TIME).map(Timestamp::from_millis),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_that_no_commit_writes_are_corrupt() {
        let batch = [0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 9, 0x80, 0, 0, 0, 0, 0, 0, 0];
        let past = Past::read(3, &batch).unwrap();
        let last = past.last().unwrap();
        assert_eq!((last.base_sequence.get(), last.last_sequence.get()), (1, 2));
        assert_eq!((last.base_offset.get(), last.log_append_time), (9, None));
        assert!(Past::read(3, &batch[1..]).is_err());
        assert!(Past::read(3, &[]).is_err());
        assert!(Past::read(-1, &batch).is_err());
        assert!(Past::read(3, &[0xff; SIZE]).is_err());
        assert!(Past::read(3, &batch.repeat(REMEMBERED + 1)).is_err());
    }
}
