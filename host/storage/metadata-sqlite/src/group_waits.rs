use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use forebay_model::GroupId;
use tokio::sync::Notify;

use crate::rows::Vc;

/// A group, and whose it is.
pub(crate) type GroupKey = (Vc, GroupId);

/// Who waits for a group to change.
#[derive(Debug, Default)]
pub(crate) struct GroupWaits(Mutex<HashMap<GroupKey, Vec<Arc<Notify>>>>);

/// Until this is dropped, `woken` is told when one of the groups changes.
#[derive(Debug)]
pub(crate) struct GroupWait<'a> {
    waits: &'a GroupWaits,
    keys: Vec<GroupKey>,
    pub(crate) woken: Arc<Notify>,
}

impl GroupWaits {
    fn waiting(&self) -> MutexGuard<'_, HashMap<GroupKey, Vec<Arc<Notify>>>> {
        // Nothing in here panics half way.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Wakes who waits for it.
    pub(crate) fn wake(&self, key: &GroupKey) {
        for waiting in self.waiting().get(key).into_iter().flatten() {
            // One permit is kept for who has not begun to wait.
            waiting.notify_one();
        }
    }

    /// Waits for these. Whoever does registers first and looks second.
    pub(crate) fn wait(&self, keys: Vec<GroupKey>) -> GroupWait<'_> {
        let woken = Arc::new(Notify::new());
        let mut waiting = self.waiting();
        for key in &keys {
            waiting.entry(key.clone()).or_default().push(Arc::clone(&woken));
        }
        drop(waiting);
        GroupWait { waits: self, keys, woken }
    }
}

impl Drop for GroupWait<'_> {
    fn drop(&mut self) {
        let mut all = self.waits.waiting();
        for key in &self.keys {
            let Some(waiting) = all.get_mut(key) else { continue };
            waiting.retain(|other| !Arc::ptr_eq(other, &self.woken));
            if waiting.is_empty() {
                all.remove(key);
            }
        }
    }
}
