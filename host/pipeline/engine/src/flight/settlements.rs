use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use forebay_pipeline_message::{Batch, Outcome};
use forebay_plugins_api::{Settlement, Token, Wakes};

use crate::meters::{InputMeter, Received};
use crate::reread::Left;

/// Streams of which is kept what is left.
const MOST_LEFT: usize = 4096;

/// Settlements that wait to be handed to one instance of an input, and what that input is measured by.
#[derive(Debug)]
pub(crate) struct Settlements {
    waiting: Mutex<Vec<Settlement>>,
    /// What is still to be delivered of streams that the input reads again.
    left: Mutex<HashMap<Token, Left>>,
    wakes: Arc<Wakes>,
    meter: InputMeter,
}

impl Settlements {
    pub(crate) fn new(wakes: &Arc<Wakes>, meter: &InputMeter) -> Arc<Self> {
        let (wakes, meter) = (Arc::clone(wakes), meter.clone());
        Arc::new(Self { waiting: Mutex::default(), left: Mutex::default(), wakes, meter })
    }

    /// Counts a batch where it comes in; it is then as it is to go on.
    pub(super) fn received(&self, batch: Batch) -> (Batch, Received) {
        self.meter.received(batch)
    }

    /// What is left of a stream that was rejected.
    pub(crate) fn take_left(&self, token: Token) -> Option<Left> {
        self.left.lock().unwrap_or_else(PoisonError::into_inner).remove(&token)
    }

    /// Keeps that. Where an input leaves many unread it reads all of the others again.
    pub(super) fn leave(&self, token: Token, left: Left) {
        let mut all = self.left.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() < MOST_LEFT {
            all.insert(token, left);
        }
    }

    /// All that wait, to be handed over now.
    pub(crate) fn take(&self) -> Vec<Settlement> {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        self.wakes.settlements_taken();
        std::mem::take(&mut waiting)
    }

    /// All that wait, to be handed over now, and how many of them the input is to read something again for: what was
    /// tried and failed, and not only not reached.
    pub(crate) fn take_counted(&self) -> (Vec<Settlement>, usize) {
        let taken = self.take();
        let failed = taken.iter().filter(|settlement| self.is_failed(settlement)).count();
        (taken, failed)
    }

    /// Whether something waits there that was tried and failed.
    pub(crate) fn has_rejected(&self) -> bool {
        let waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.iter().any(
            |settlement| matches!(&settlement.outcome, Outcome::Rejected(rejection) if !rejection.declined),
        )
    }

    /// Whether something waits there that failed, and not only what was not reached.
    pub(crate) fn has_failed(&self) -> bool {
        let waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.iter().any(|settlement| self.is_failed(settlement))
    }

    fn is_failed(&self, settlement: &Settlement) -> bool {
        let left = self.left.lock().unwrap_or_else(PoisonError::into_inner);
        match &settlement.outcome {
            Outcome::Rejected(rejection) if !rejection.declined => {
                rejection.messages.as_ref().is_none_or(|messages| !messages.is_empty())
                    && left.get(&settlement.token).is_none_or(Left::has_rejected)
            }
            _ => false,
        }
    }

    pub(super) fn push(&self, settlement: Settlement) {
        // Under the lock, so that a wake is not taken back by a `take` that came before it.
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.push(settlement);
        self.wakes.settlement();
    }
}
