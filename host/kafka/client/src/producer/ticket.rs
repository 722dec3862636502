use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use forebay_model::{Offset, PartitionId};
use tokio::sync::Notify;

use super::ProduceError;

/// A record that is where it should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Produced {
    pub partition: PartitionId,
    /// None where brokers were told not to say, or don't know any more.
    pub offset: Option<Offset>,
}

/// What has become of records that were sent together.
#[derive(Debug)]
pub(super) struct Ticket {
    outcomes: Mutex<Outcomes>,
    done: Notify,
}

#[derive(Debug)]
struct Outcomes {
    known: Vec<Option<Result<Produced, ProduceError>>>,
    left: usize,
}

/// Records that are on their way.
#[derive(Debug)]
pub struct Sent(pub(super) Arc<Ticket>);

impl Sent {
    /// What has become of each of them, in their order.
    pub async fn outcomes(self) -> Vec<Result<Produced, ProduceError>> {
        loop {
            let done = self.0.done.notified();
            {
                let mut outcomes = self.0.lock();
                if outcomes.left == 0 {
                    return std::mem::take(&mut outcomes.known).into_iter().flatten().collect();
                }
            }
            done.await;
        }
    }

    /// Whether all is known.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.0.lock().left == 0
    }
}

impl Ticket {
    pub(super) fn new(records: usize) -> Self {
        let known = (0..records).map(|_| None).collect();
        Self { outcomes: Mutex::new(Outcomes { known, left: records }), done: Notify::new() }
    }

    fn lock(&self) -> MutexGuard<'_, Outcomes> {
        self.outcomes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What has become of some of them; only the first word counts.
    pub(super) fn tell(&self, told: impl IntoIterator<Item = (usize, Result<Produced, ProduceError>)>) {
        let mut outcomes = self.lock();
        let before = outcomes.left;
        for (index, outcome) in told {
            let Some(slot) = outcomes.known.get_mut(index).filter(|slot| slot.is_none()) else { continue };
            *slot = Some(outcome);
            outcomes.left -= 1;
        }
        if outcomes.left == 0 && before > 0 {
            drop(outcomes);
            // One waits; a permit is kept for it where it does not yet.
            self.done.notify_one();
        }
    }
}
