use std::collections::HashMap;
use std::time::{Duration, Instant};

use forebay_lifecycle::clock;
use forebay_model::{ProducerEpoch, ProducerId, Sequence, TopicIdPartition};
use forebay_storage_metadata::{BatchCommit, IdempotentBatch, ProduceCommit};

/// The batches of idempotent producers that are not known to be committed: the first of each producer in each
/// partition. What follows it there must wait until it has come again.
///
/// The metadata store judges sequences too, but it can't do this: where it knows nothing of a producer, it takes any
/// sequence. If the very first batch of a producer failed and the second did not, the first would be refused for ever.
#[derive(Debug, Default)]
pub(super) struct FailedProducers {
    first: HashMap<(TopicIdPartition, ProducerId), Failed>,
}

#[derive(Debug, Clone, Copy)]
struct Failed {
    epoch: ProducerEpoch,
    sequence: Sequence,
    since: Instant,
}

/// A client gives up on a batch after two minutes, and what it sends then has another epoch. Nothing sent before that
/// arrives this late.
const KEPT: Duration = Duration::from_mins(10);
/// What this may grow to.
const MOST: usize = 100_000;
/// Sequences count up to 2^31 and start over: one that is less than half of that ahead is later.
const HALF: i64 = 1 << 30;

impl FailedProducers {
    /// Notes a batch that is not known to be committed, unless one before it is noted.
    pub(super) fn add(&mut self, batch: &BatchCommit) {
        let Some(IdempotentBatch { id, epoch, base_sequence }) = batch.producer else { return };
        let new = Failed { epoch, sequence: base_sequence, since: clock::now() };
        if self.first.len() >= MOST {
            self.make_room(new.since);
        }
        let noted = self.first.entry((batch.log, id)).or_insert(new);
        if noted.epoch < epoch || (noted.epoch == epoch && follows(noted.sequence, base_sequence)) {
            *noted = new;
        }
    }

    /// Whether a request may be committed. Where it brings a batch again that is noted, that is no longer noted; where
    /// it may not be committed, its batches are.
    pub(super) fn admit(&mut self, request: &ProduceCommit, now: Instant) -> bool {
        if self.first.is_empty() {
            return true;
        }
        let admitted = request.batches.iter().all(|batch| self.admit_batch(batch, now));
        if !admitted {
            request.batches.iter().for_each(|batch| self.add(batch));
        }
        admitted
    }

    fn admit_batch(&mut self, batch: &BatchCommit, now: Instant) -> bool {
        let Some(IdempotentBatch { id, epoch, base_sequence }) = batch.producer else { return true };
        let key = (batch.log, id);
        let Some(failed) = self.first.get(&key) else { return true };
        let is_over = now.saturating_duration_since(failed.since) > KEPT;
        if is_over || epoch > failed.epoch || (epoch == failed.epoch && base_sequence == failed.sequence) {
            self.first.remove(&key);
            return true;
        }
        // An earlier one is a duplicate, or of an older epoch: that is for the metadata store to say.
        epoch < failed.epoch || follows(failed.sequence, base_sequence)
    }

    fn make_room(&mut self, now: Instant) {
        self.first.retain(|_, failed| now.saturating_duration_since(failed.since) <= KEPT);
        if self.first.len() >= MOST
            && let Some(oldest) =
                self.first.iter().min_by_key(|(_, failed)| failed.since).map(|(key, _)| *key)
        {
            self.first.remove(&oldest);
        }
    }
}

/// Whether `later` comes after `earlier`.
fn follows(later: Sequence, earlier: Sequence) -> bool {
    let distance = i64::from(later.get()) - i64::from(earlier.get());
    (1..HALF).contains(&distance.rem_euclid(HALF * 2))
}
