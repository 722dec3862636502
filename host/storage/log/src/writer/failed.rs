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
    /// The first that was held back because of it.
    held_back: Option<Sequence>,
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
        let new = Failed { epoch, sequence: base_sequence, since: clock::now(), held_back: None };
        if self.first.len() >= MOST {
            self.make_room(new.since);
        }
        let noted = self.first.entry((batch.log, id)).or_insert(new);
        // The same again: what was held back behind it must wait once more.
        let is_first = noted.sequence == base_sequence || follows(noted.sequence, base_sequence);
        if noted.epoch < epoch || (noted.epoch == epoch && is_first) {
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
        let Some(failed) = self.first.get_mut(&key) else { return true };
        let is_over = now.saturating_duration_since(failed.since) > KEPT;
        // Who was told that this one was held back, and sends it again without the failed one before it, has that one
        // acknowledged: through another agent.
        let is_settled = failed.sequence == base_sequence || failed.held_back == Some(base_sequence);
        if is_over || epoch > failed.epoch || (epoch == failed.epoch && is_settled) {
            self.first.remove(&key);
            return true;
        }
        // An earlier one is a duplicate, or of an older epoch: that is for the metadata store to say.
        if epoch < failed.epoch || follows(failed.sequence, base_sequence) {
            return true;
        }
        failed.held_back.get_or_insert(base_sequence);
        false
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

#[cfg(test)]
mod tests {
    use forebay_model::{ByteCount, PartitionId, RecordCount, Timestamp, TopicId};
    use forebay_storage_metadata::TimestampType;

    use super::*;

    fn request(batches: &[(i32, i64, i16, i32)]) -> ProduceCommit {
        let batch = |&(partition, id, epoch, sequence): &(i32, i64, i16, i32)| BatchCommit {
            log: TopicIdPartition {
                topic: TopicId::from_random(1),
                partition: PartitionId::new(partition).unwrap(),
            },
            position: ByteCount::ZERO,
            length: ByteCount::ZERO,
            records: RecordCount::new(5),
            max_timestamp: Timestamp::NONE,
            timestamps: TimestampType::CreateTime,
            producer: Some(IdempotentBatch {
                id: ProducerId::new(id).unwrap(),
                epoch: ProducerEpoch::new(epoch).unwrap(),
                base_sequence: Sequence::new(sequence).unwrap(),
            }),
        };
        ProduceCommit { batches: batches.iter().map(batch).collect() }
    }

    fn failed(batches: &[(i32, i64, i16, i32)]) -> FailedProducers {
        let mut failed = FailedProducers::default();
        request(batches).batches.iter().for_each(|batch| failed.add(batch));
        failed
    }

    #[test]
    fn what_follows_a_failed_batch_waits_for_it() {
        let mut failed = failed(&[(0, 1, 0, 5), (0, 1, 0, 10)]);
        let now = clock::now();
        assert!(!failed.admit(&request(&[(0, 1, 0, 10)]), now));
        assert!(!failed.admit(&request(&[(0, 1, 0, 15)]), now));
        assert!(failed.admit(&request(&[(1, 1, 0, 15)]), now), "another partition");
        assert!(failed.admit(&request(&[(0, 2, 0, 15)]), now), "another producer");
        assert!(failed.admit(&request(&[(0, 1, 0, 0)]), now), "a duplicate from before");
        assert!(failed.admit(&request(&[(0, 1, 0, 5)]), now), "it comes again");
        assert!(failed.admit(&request(&[(0, 1, 0, 10)]), now));
    }

    /// As it is when another agent has committed it in the meantime.
    #[test]
    fn what_comes_a_second_time_without_the_failed_one_is_let_through() {
        let mut failed = failed(&[(0, 1, 0, 5)]);
        let now = clock::now();
        let both = request(&[(1, 1, 0, 0), (0, 1, 0, 10)]);
        assert!(!failed.admit(&both, now));
        assert!(!failed.admit(&request(&[(0, 1, 0, 15)]), now), "it was sent ahead");
        assert!(failed.admit(&both, now));
        assert!(failed.admit(&request(&[(0, 1, 0, 15)]), now));
    }

    #[test]
    fn what_comes_a_second_time_behind_one_that_failed_again_waits() {
        let mut failed = failed(&[(0, 1, 0, 5)]);
        let now = clock::now();
        assert!(!failed.admit(&request(&[(0, 1, 0, 10)]), now));
        let again = request(&[(0, 1, 0, 5)]);
        failed.add(&again.batches[0]);
        assert!(!failed.admit(&request(&[(0, 1, 0, 10)]), now));
        assert!(failed.admit(&again, now));
        assert!(failed.admit(&request(&[(0, 1, 0, 10)]), now));
    }

    #[test]
    fn a_request_that_is_held_back_holds_back_what_follows_any_of_it() {
        let mut failed = failed(&[(0, 1, 0, 5)]);
        let now = clock::now();
        assert!(!failed.admit(&request(&[(1, 1, 0, 0), (0, 1, 0, 10)]), now));
        assert!(!failed.admit(&request(&[(1, 1, 0, 5)]), now));
        // Also what came again in it is still missing.
        assert!(!failed.admit(&request(&[(0, 1, 0, 5), (1, 1, 0, 10)]), now));
        assert!(!failed.admit(&request(&[(0, 1, 0, 10)]), now));
        assert!(failed.admit(&request(&[(0, 1, 0, 5), (1, 1, 0, 0)]), now));
    }

    #[test]
    fn a_newer_epoch_starts_over_and_an_older_one_is_for_the_store() {
        let mut failed = failed(&[(0, 1, 3, 5)]);
        let now = clock::now();
        assert!(failed.admit(&request(&[(0, 1, 2, 10)]), now));
        assert!(!failed.admit(&request(&[(0, 1, 3, 10)]), now));
        assert!(failed.admit(&request(&[(0, 1, 4, 10)]), now));
    }

    #[test]
    fn sequences_start_over() {
        let mut failed = failed(&[(0, 1, 0, i32::MAX - 2)]);
        assert!(!failed.admit(&request(&[(0, 1, 0, 2)]), clock::now()));
        assert!(failed.admit(&request(&[(0, 1, 0, i32::MAX - 7)]), clock::now()));
    }

    #[test]
    fn nobody_is_held_back_for_ever() {
        let mut failed = failed(&[(0, 1, 0, 5)]);
        assert!(!failed.admit(&request(&[(0, 1, 0, 10)]), clock::now() + KEPT / 2));
        assert!(failed.admit(&request(&[(0, 1, 0, 10)]), clock::now() + KEPT * 2));
    }
}
