//! Whether a batch of an idempotent producer may be committed: Kafka's rules.

use forebay_model::{RecordCount, Sequence};
use forebay_storage_metadata::{BatchRefusal, IdempotentBatch};

use super::past::{Past, PastBatch};

/// What is to be done with a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Judgement {
    Append,
    /// It is there already.
    Duplicate(PastBatch),
    Refuse(BatchRefusal),
}

/// `past` is what the partition remembers of the producer.
pub(crate) fn judge(past: Option<&Past>, batch: &IdempotentBatch, records: RecordCount) -> Judgement {
    // A partition that knows nothing, because it never did or because that has expired, takes any sequence.
    let Some((past, last)) = past.and_then(|past| past.last().map(|last| (past, last))) else {
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
