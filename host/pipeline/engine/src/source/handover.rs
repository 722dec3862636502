//! Inputs that give something up, for which others wait until what was handed out of it is delivered.

#[cfg(test)]
mod tests;

use std::collections::VecDeque;

use forebay_plugins_api::{ComponentError, Event, Input, Wakes};

use crate::flight::{Settlements, Sky};
use crate::idle::Idle;

/// What may be kept of an input that hands out something although it is held back: what it had in its hands.
const MOST_KEPT: usize = 4;

/// What an input gave, in its order, while what it had handed out before waited.
#[derive(Default)]
pub(crate) struct Kept(VecDeque<Result<Event, ComponentError>>);

impl Kept {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn take(&mut self) -> Option<Result<Event, ComponentError>> {
        self.0.pop_front()
    }

    /// Whether the input may be read before all of this has gone on: behind all but a batch it has to be looked after
    /// first.
    fn may_have_more(&self) -> bool {
        self.0.len() < MOST_KEPT && self.0.back().is_none_or(|last| matches!(last, Ok(Event::Batch(..))))
    }

    /// Waits for something. While the input gives something up it is read meanwhile, held back: it learns what is settled
    /// and of whatever else, and lets go in time, however long the wait is.
    pub(super) async fn while_waiting(
        &mut self,
        input: &mut dyn Input,
        settlements: &Settlements,
        wakes: &Wakes,
        wait: impl Future<Output = ()>,
    ) {
        tokio::pin!(wait);
        let mut idle = Idle::default();
        let mut is_over = false;
        while !is_over {
            let may_read = self.may_have_more() && !wakes.pending().shutdown;
            tokio::select! {
                biased;
                () = &mut wait => return,
                () = wakes.wait_for_handover(), if may_read => {}
            }
            let held_back = wakes.hold_back();
            let mut read = input.read(settlements.take());
            let event = loop {
                tokio::select! {
                    biased;
                    event = &mut read => break event,
                    () = &mut wait, if !is_over => {
                        is_over = true;
                        // The read may wait for long by itself, and must not be dropped.
                        wakes.settlement();
                    }
                }
            };
            drop((read, held_back));
            match event {
                Ok(Event::Idle) => idle.pause().await,
                event => self.0.push_back(event),
            }
        }
    }
}

/// Has what is collected go on as long as the input gives something up.
pub(crate) async fn hurry_on_handovers(wakes: &Wakes, sky: &Sky) {
    loop {
        wakes.wait_for_handover().await;
        sky.hurrying(wakes.wait_for_no_handover()).await;
    }
}
