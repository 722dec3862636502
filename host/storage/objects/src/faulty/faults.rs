use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Semaphore;

use crate::error::Operation;

/// What an operation does instead of what it should.
#[derive(Debug, Clone)]
pub enum Fault {
    /// Fails, and does nothing.
    Fail,
    /// Fails after a while, and does nothing.
    FailAfter(Duration),
    /// Is done after a while.
    Delay(Duration),
    /// Is done, and reported as failed.
    DoneButFailed,
    /// Reported as failed at once, and done after a while: a request that is still on its way.
    FailedButDoneAfter(Duration),
    /// A put leaves half of its bytes under the name, and is reported as failed.
    Torn,
    /// Fails as a full disk does: for good.
    Full,
    /// Is never answered, nor done.
    Hang,
    /// Is done when somebody adds a permit.
    Held(Arc<Semaphore>),
}

/// Which operations misbehave, and how often.
#[derive(Debug)]
pub struct Faults(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    scripts: HashMap<Operation, VecDeque<Fault>>,
    always: HashMap<Operation, Fault>,
    /// Of 1,000 operations, and what those do.
    random: Vec<(u64, Fault)>,
    chance: u64,
    counts: HashMap<Operation, Count>,
}

#[derive(Debug, Default, Clone, Copy)]
struct Count {
    all: usize,
    now: usize,
    most: usize,
}

impl Faults {
    /// No faults yet; those that come by chance follow from `seed`.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(Mutex::new(State { chance: seed, ..State::default() }))
    }

    /// The next operations of this kind do that, one after the other.
    pub fn next(&self, operation: Operation, faults: impl IntoIterator<Item = Fault>) {
        self.state().scripts.entry(operation).or_default().extend(faults);
    }

    /// From now on every operation of this kind does that, unless it is told otherwise.
    pub fn always(&self, operation: Operation, fault: Fault) {
        self.state().always.insert(operation, fault);
    }

    /// From now on `per_mille` of 1,000 operations of any kind do that.
    pub fn randomly(&self, per_mille: u16, fault: Fault) {
        self.state().random.push((u64::from(per_mille), fault));
    }

    /// No more faults.
    pub fn clear(&self) {
        let mut state = self.state();
        state.scripts.clear();
        state.always.clear();
        state.random.clear();
    }

    /// How often an operation was asked for.
    #[must_use]
    pub fn count(&self, operation: Operation) -> usize {
        self.state().counts.get(&operation).map_or(0, |count| count.all)
    }

    /// How many of a kind were under way at once, at most.
    #[must_use]
    pub fn most_at_once(&self, operation: Operation) -> usize {
        self.state().counts.get(&operation).map_or(0, |count| count.most)
    }

    pub(super) fn begin(&self, operation: Operation) -> (Option<Fault>, Running<'_>) {
        let mut state = self.state();
        let count = state.counts.entry(operation).or_default();
        count.all += 1;
        count.now += 1;
        count.most = count.most.max(count.now);
        let fault = state.fault(operation);
        drop(state);
        (fault, Running { faults: self, operation })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn fault(&mut self, operation: Operation) -> Option<Fault> {
        if let Some(fault) = self.scripts.get_mut(&operation).and_then(VecDeque::pop_front) {
            return Some(fault);
        }
        if let Some(fault) = self.always.get(&operation) {
            return Some(fault.clone());
        }
        // A step of SplitMix64.
        self.chance = self.chance.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.chance ^ (self.chance >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        let mut drawn = (mixed >> 33) % 1000;
        for (per_mille, fault) in &self.random {
            if drawn < *per_mille {
                return Some(fault.clone());
            }
            drawn -= per_mille;
        }
        None
    }
}

/// An operation under way.
pub(super) struct Running<'f> {
    faults: &'f Faults,
    operation: Operation,
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        if let Some(count) = self.faults.state().counts.get_mut(&self.operation) {
            count.now -= 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chance_follows_from_the_seed() {
        let draw = |seed| {
            let faults = Faults::new(seed);
            faults.randomly(300, Fault::Fail);
            (0..64).map(|_| faults.begin(Operation::Get).0.is_some()).collect::<Vec<_>>()
        };
        assert_eq!(draw(3), draw(3));
        assert_ne!(draw(3), draw(4));
        let failing = draw(3).into_iter().filter(|fails| *fails).count();
        assert!((5..35).contains(&failing), "{failing} of 64");
    }
}
