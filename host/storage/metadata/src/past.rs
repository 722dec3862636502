//! Whether a batch of an idempotent producer may be committed: Kafka's rules, the same for every store.

use forebay_model::{Offset, ProducerEpoch, RecordCount, Sequence, Timestamp};

use crate::{BatchRefusal, IdempotentBatch};

/// How many batches are remembered, as in Kafka: a producer has at most five requests under way.
pub const BATCHES_REMEMBERED: usize = 5;

/// What a partition remembers of a producer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Past {
    epoch: ProducerEpoch,
    /// The oldest first.
    batches: Vec<PastBatch>,
}

/// A batch that was committed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PastBatch {
    pub base_sequence: Sequence,
    pub last_sequence: Sequence,
    pub base_offset: Offset,
    /// Absent where the records have times of their own.
    pub log_append_time: Option<Timestamp>,
}

/// What is to be done with a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Judgement {
    Append,
    /// It is there already.
    Duplicate(PastBatch),
    Refuse(BatchRefusal),
}

impl Past {
    /// Of a producer that has written nothing yet.
    #[must_use]
    pub const fn begin(epoch: ProducerEpoch) -> Self {
        Self { epoch, batches: Vec::new() }
    }

    /// Of these batches, the oldest first. None if there are none or too many, which no commit leaves.
    #[must_use]
    pub fn of(epoch: ProducerEpoch, batches: Vec<PastBatch>) -> Option<Self> {
        (1..=BATCHES_REMEMBERED).contains(&batches.len()).then_some(Self { epoch, batches })
    }

    /// The epoch of all of its batches.
    #[must_use]
    pub const fn epoch(&self) -> ProducerEpoch {
        self.epoch
    }

    /// The oldest first.
    #[must_use]
    pub fn batches(&self) -> &[PastBatch] {
        &self.batches
    }

    /// Remembers a batch; in a newer epoch it is the first.
    pub fn push(&mut self, epoch: ProducerEpoch, batch: PastBatch) {
        if self.epoch != epoch {
            self.epoch = epoch;
            self.batches.clear();
        } else if self.batches.len() == BATCHES_REMEMBERED {
            self.batches.remove(0);
        }
        self.batches.push(batch);
    }

    /// The batch with exactly these sequences.
    fn find(&self, base: Sequence, last: Sequence) -> Option<&PastBatch> {
        self.batches.iter().find(|batch| batch.base_sequence == base && batch.last_sequence == last)
    }
}

/// `past` is what the partition remembers of the producer.
#[must_use]
pub fn judge(past: Option<&Past>, batch: &IdempotentBatch, records: RecordCount) -> Judgement {
    // A partition that knows nothing, because it never did or because that has expired, takes any sequence.
    let Some((past, last)) = past.and_then(|past| past.batches.last().map(|last| (past, last))) else {
        return Judgement::Append;
    };
    let got = batch.base_sequence;
    if batch.epoch == past.epoch
        && let Some(same) = past.find(got, got.last_of(records))
    {
        return Judgement::Duplicate(*same);
    }
    if batch.epoch < past.epoch {
        return Judgement::Refuse(BatchRefusal::Fenced { current: past.epoch });
    }
    let expected = if batch.epoch == past.epoch {
        last.last_sequence.advanced(RecordCount::new(1))
    } else {
        Sequence::ZERO
    };
    if got != expected {
        return Judgement::Refuse(BatchRefusal::OutOfOrder { expected, got });
    }
    Judgement::Append
}
