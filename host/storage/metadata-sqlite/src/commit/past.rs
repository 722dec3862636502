//! What a partition remembers of a producer, as a row holds it: for each of its last batches, the oldest first, base
//! sequence and last sequence (4 bytes each), base offset and log append time (8 bytes each; the smallest number there
//! is where the records have another), all little-endian.

use forebay_model::{Offset, ProducerEpoch, Sequence, Timestamp};

use crate::trouble::Trouble;

/// How many batches are remembered, as in Kafka: a producer has at most five requests under way.
const REMEMBERED: usize = 5;

const SIZE: usize = 24;
const NO_TIME: i64 = i64::MIN;

/// What is known of a producer in a partition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Past {
    pub(crate) epoch: ProducerEpoch,
    /// When it wrote last, in hours since 1970; `None` for one that has no row.
    pub(crate) hour: Option<i64>,
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
        Self { epoch, hour: None, batches: Vec::new() }
    }

    pub(crate) fn read(epoch: i16, hour: i64, bytes: &[u8]) -> Result<Self, Trouble> {
        let epoch =
            ProducerEpoch::new(epoch).map_err(|_| Trouble::number("producers.epoch", epoch.into()))?;
        let (batches, rest) = bytes.as_chunks::<SIZE>();
        if !rest.is_empty() || batches.is_empty() || batches.len() > REMEMBERED {
            return Err(Trouble::Corrupt(format!("producers.batches has {} bytes", bytes.len())));
        }
        let batches = batches.iter().map(PastBatch::read).collect::<Result<_, _>>()?;
        Ok(Self { epoch, hour: Some(hour), batches })
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        self.batches.iter().flat_map(PastBatch::bytes).collect()
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
        let half = |at: usize| i32::from_le_bytes(std::array::from_fn(|index| bytes[at + index]));
        let whole = |at: usize| i64::from_le_bytes(std::array::from_fn(|index| bytes[at + index]));
        let corrupt =
            |negative: forebay_model::Negative| Trouble::Corrupt(format!("producers.batches: {negative}"));
        Ok(Self {
            base_sequence: Sequence::new(half(0)).map_err(corrupt)?,
            last_sequence: Sequence::new(half(4)).map_err(corrupt)?,
            base_offset: Offset::new(whole(8)).map_err(corrupt)?,
            log_append_time: Some(whole(16)).filter(|time| *time != NO_TIME).map(Timestamp::from_millis),
        })
    }

    fn bytes(&self) -> [u8; SIZE] {
        let mut bytes = [0; SIZE];
        bytes[..4].copy_from_slice(&self.base_sequence.get().to_le_bytes());
        bytes[4..8].copy_from_slice(&self.last_sequence.get().to_le_bytes());
        bytes[8..16].copy_from_slice(&self.base_offset.get().to_le_bytes());
        let time = self.log_append_time.map_or(NO_TIME, Timestamp::millis);
        bytes[16..].copy_from_slice(&time.to_le_bytes());
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_remembered_is_read_as_it_was_written() {
        let mut past = Past::begin(ProducerEpoch::ZERO);
        for index in 0..7 {
            let time = (index % 2 == 0).then(|| Timestamp::from_millis(i64::from(index)));
            let sequence = Sequence::new(index * 10).unwrap();
            past.push(
                ProducerEpoch::ZERO,
                PastBatch {
                    base_sequence: sequence,
                    last_sequence: Sequence::new(index * 10 + 9).unwrap(),
                    base_offset: Offset::new(i64::from(index)).unwrap(),
                    log_append_time: time,
                },
            );
        }
        past.hour = Some(5);
        assert_eq!(past.batches.len(), REMEMBERED);
        let bytes = past.bytes();
        assert_eq!(Past::read(0, 5, &bytes).unwrap(), past);
        assert!(Past::read(0, 5, &bytes[1..]).is_err());
        assert!(Past::read(0, 5, &[]).is_err());
        assert!(Past::read(-1, 5, &bytes).is_err());
        assert!(Past::read(0, 5, &[0xff; SIZE]).is_err());
    }
}
