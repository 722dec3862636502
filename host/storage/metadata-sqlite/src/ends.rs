//! Where logs start and end, in memory, and who waits for one to go on.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use forebay_model::{GroupId, TopicId, TopicIdPartition, VirtualClusterId};
use forebay_storage_metadata::LogBounds;
use tokio::sync::Notify;

use crate::group_waits::GroupWaits;
use crate::rows::Vc;

/// A log, and whose it is.
pub(crate) type Key = (Vc, TopicIdPartition);

/// What a committed call has changed.
#[derive(Debug)]
pub(crate) enum Effect {
    Moved(Key, LogBounds),
    Deleted(Vc, TopicId, i32),
    Group(Vc, GroupId),
}

/// The bounds of all logs that were asked for or written to, no more than there are partitions; and who waits for
/// groups.
#[derive(Debug, Default)]
pub(crate) struct Ends {
    state: Mutex<State>,
    pub(crate) groups: GroupWaits,
}

#[derive(Debug, Default)]
struct State {
    bounds: HashMap<Key, LogBounds>,
    waiting: HashMap<Key, Vec<Arc<Notify>>>,
    /// How often topics were deleted: what was read before one was is not remembered after it.
    deletions: u64,
    /// Virtual clusters by id: they are never deleted.
    clusters: HashMap<VirtualClusterId, Vc>,
}

/// Until this is dropped, `woken` is told when one of the logs moves.
#[derive(Debug)]
pub(crate) struct Waiting<'a> {
    ends: &'a Ends,
    keys: Vec<Key>,
    pub(crate) woken: Arc<Notify>,
}

impl Ends {
    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing in here panics half way.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The number of a virtual cluster, if somebody has looked it up.
    pub(crate) fn vc(&self, cluster: &VirtualClusterId) -> Option<Vc> {
        self.state().clusters.get(cluster).copied()
    }

    pub(crate) fn remember_vc(&self, cluster: VirtualClusterId, vc: Vc) {
        self.state().clusters.insert(cluster, vc);
    }

    /// What is known of each, and what to give [`Self::remember`] with what is not.
    pub(crate) fn known(&self, keys: &[Key]) -> (Vec<Option<LogBounds>>, u64) {
        let state = self.state();
        (keys.iter().map(|key| state.bounds.get(key).copied()).collect(), state.deletions)
    }

    /// Takes in what was read from the tables after `known` said `deletions`. A commit may have been quicker: what
    /// is further on stays.
    pub(crate) fn remember(&self, read: impl IntoIterator<Item = (Key, LogBounds)>, deletions: u64) {
        let mut state = self.state();
        if state.deletions == deletions {
            for (key, bounds) in read {
                let known = state.bounds.entry(key).or_insert(bounds);
                known.log_start = known.log_start.max(bounds.log_start);
                known.high_watermark = known.high_watermark.max(bounds.high_watermark);
            }
        }
    }

    /// Takes in what was committed, and wakes who waits for it.
    pub(crate) fn apply(&self, effects: Vec<Effect>) {
        if effects.is_empty() {
            return;
        }
        let mut state = self.state();
        for effect in effects {
            match effect {
                Effect::Moved(key, bounds) => {
                    state.bounds.insert(key, bounds);
                    state.wake(key);
                }
                Effect::Group(vc, group) => self.groups.wake(&(vc, group)),
                Effect::Deleted(vc, topic, partitions) => {
                    state.deletions += 1;
                    for partition in (0..partitions).filter_map(|partition| partition.try_into().ok()) {
                        let key = (vc, TopicIdPartition::new(topic, partition));
                        state.bounds.remove(&key);
                        state.wake(key);
                    }
                }
            }
        }
    }

    /// Waits for these. Whoever does registers first and looks second, so that nothing is missed in between.
    pub(crate) fn wait(&self, keys: Vec<Key>) -> Waiting<'_> {
        let woken = Arc::new(Notify::new());
        let mut state = self.state();
        for key in &keys {
            state.waiting.entry(*key).or_default().push(Arc::clone(&woken));
        }
        drop(state);
        Waiting { ends: self, keys, woken }
    }

    #[cfg(test)]
    pub(crate) fn is_idle(&self) -> bool {
        self.state().waiting.is_empty()
    }
}

impl State {
    fn wake(&self, key: Key) {
        for waiting in self.waiting.get(&key).into_iter().flatten() {
            // One permit is kept for who has not begun to wait.
            waiting.notify_one();
        }
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        let mut state = self.ends.state();
        for key in &self.keys {
            let Some(waiting) = state.waiting.get_mut(key) else { continue };
            waiting.retain(|other| !Arc::ptr_eq(other, &self.woken));
            if waiting.is_empty() {
                state.waiting.remove(key);
            }
        }
    }
}
