//! The batches of one partition: which may be sent, and by which sequences brokers know them.

use std::collections::VecDeque;
use std::time::Duration;

use forebay_lifecycle::Backoff;
use forebay_model::{ProducerEpoch, ProducerId, Sequence};
use tokio::time::Instant;

use super::Batch;
use crate::producer::ProducerSettings;

/// The batches of one partition.
#[derive(Debug)]
pub(in crate::producer) struct Queue {
    pub batches: VecDeque<Batch>,
    pub leader: Option<i32>,
    pub in_flight: usize,
    /// Whom brokers know its batches by, once the first was sent. Each partition has an epoch of its own.
    pub identity: Option<Identity>,
    /// Sequences begin anew as soon as nothing is in flight.
    pub reset: Option<Reset>,
    /// And as soon as brokers have answered all that was sent, which goes as it was until then.
    pub keeps_sent: bool,
    pub next_sequence: Sequence,
    /// Whether a batch was taken since the sequences began.
    pub is_proven: bool,
    /// Whether a batch is to be sent again: then nothing passes it.
    pub is_retrying: bool,
    pub not_before: Option<Instant>,
    pub backoff: Backoff,
    /// The number of the batch that came last.
    pub newest: u64,
}

/// An id that brokers know the producer by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::producer) struct Identity {
    pub id: ProducerId,
    pub epoch: ProducerEpoch,
}

/// How the sequences of a partition begin anew, which brokers take from an identity that they have not seen there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::producer) enum Reset {
    /// In the next epoch of the same id.
    Epoch,
    /// With another id: somebody else has this one, or nobody.
    Id,
}

const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);
/// Batches of one idempotent producer that a broker can put in order.
const MOST_IN_FLIGHT: usize = 5;

impl Queue {
    pub(super) fn new() -> Self {
        Self {
            batches: VecDeque::new(),
            leader: None,
            in_flight: 0,
            identity: None,
            reset: None,
            keeps_sent: false,
            next_sequence: Sequence::ZERO,
            is_proven: false,
            is_retrying: false,
            not_before: None,
            backoff: Backoff::new(FIRST_PAUSE, LONGEST_PAUSE),
            newest: 0,
        }
    }

    pub(super) fn waiting(&self) -> usize {
        self.batches.iter().map(|batch| batch.entries.len()).sum()
    }

    pub(super) fn is_idle(&self) -> bool {
        self.batches.is_empty() && self.in_flight == 0
    }

    pub(in crate::producer) fn pause(&mut self) {
        self.not_before = Some(Instant::now() + self.backoff.pause());
    }

    /// Has the sequences begin anew, since brokers have lost track of them, or want another producer. What was sent gets
    /// others too.
    pub(in crate::producer) fn reset(&mut self, reset: Reset) {
        self.reset = self.reset.max(Some(reset));
        self.keeps_sent = false;
    }

    /// Has the sequences begin anew, since nobody sends those of a batch that is given up. Others that were sent may be
    /// there although nobody has said so, and brokers would not know them again by another sequence: they go as they
    /// were until each is taken, or given up, or a broker has shown by its refusal that it misses what is given up.
    pub(in crate::producer) fn reset_behind_sent(&mut self, reset: Reset) {
        let keeps_sent = self.reset.is_none() || self.keeps_sent;
        self.reset(reset);
        self.keeps_sent = keeps_sent;
    }

    /// Begins them, where that is to be done and nothing is in flight or kept. Until then nothing else is sent: a batch
    /// of the next epoch that is taken would have those before it refused.
    pub(super) fn renew(&mut self) {
        let is_kept = |batch: &Batch| self.keeps_sent && batch.sequence.is_some();
        if self.in_flight > 0 || self.batches.iter().any(is_kept) {
            return;
        }
        let Some(reset) = self.reset.take() else { return };
        self.keeps_sent = false;
        self.identity = match reset {
            Reset::Epoch => self.identity.and_then(Identity::next),
            Reset::Id => None,
        };
        (self.next_sequence, self.is_proven, self.is_retrying) = (Sequence::ZERO, false, false);
        self.batches.iter_mut().for_each(|batch| batch.sequence = None);
    }

    /// The next batch that may be sent, if one may: its place. `due` says whether one that is not full may go.
    pub(in crate::producer) fn next(
        &mut self,
        settings: &ProducerSettings,
        due: impl Fn(&Batch) -> bool,
    ) -> Option<usize> {
        if self.is_retrying || self.reset.is_some() {
            if self.in_flight > 0 {
                return None;
            }
            self.is_retrying = false;
        }
        let most =
            if settings.idempotent && !settings.strict_order && self.is_proven { MOST_IN_FLIGHT } else { 1 };
        if self.in_flight >= most || self.not_before.is_some_and(|not_before| not_before > Instant::now()) {
            return None;
        }
        // While sequences are to begin anew, this is one that was sent: those are in front.
        let index = self.batches.iter().position(|batch| !batch.is_in_flight)?;
        let is_last = index + 1 == self.batches.len();
        let batch = self.batches.get(index)?;
        (!is_last || batch.is_closed || due(batch)).then_some(index)
    }

    pub(in crate::producer) fn remove(&mut self, number: u64) -> Option<Batch> {
        let index = self.batches.iter().position(|batch| batch.number == number)?;
        self.batches.remove(index)
    }

    /// Takes out a batch and all behind it.
    pub(in crate::producer) fn remove_from(&mut self, number: u64) -> VecDeque<Batch> {
        let index = self.batches.iter().position(|batch| batch.number == number);
        index.map(|index| self.batches.split_off(index)).unwrap_or_default()
    }
}

impl Identity {
    /// The same in the next epoch, if there is one more.
    fn next(self) -> Option<Self> {
        let epoch = ProducerEpoch::new(self.epoch.get().checked_add(1)?).ok()?;
        Some(Self { epoch, ..self })
    }
}
