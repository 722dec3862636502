//! Who writes to which file in this process.
//!
//! A file has one writer at a time. Whoever opens it meanwhile joins that writer; whoever opens it
//! while the last writer is finishing waits for its end, so that its marker is gone and its bytes
//! are counted.

use std::collections::HashMap;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use tokio::sync::mpsc;

use super::appender::Job;

/// Device and inode.
pub(super) type Key = (u64, u64);
type Jobs = mpsc::Sender<Job>;

static WRITERS: Mutex<Option<HashMap<Key, Weak<Jobs>>>> = Mutex::new(None);
static CHANGED: Condvar = Condvar::new();

/// How a file was entered.
pub(super) enum Entered {
    /// Somebody writes to it already.
    Joined(Arc<Jobs>),
    /// Nobody does: the caller is the one, until what it holds is dropped.
    First(Entry),
}

/// The right to be the writer of a file.
pub(super) struct Entry(Leave);

/// Tells others how to join.
pub(super) struct Announce(Key);

/// Lets the next writer in when it is dropped.
pub(super) struct Leave(Key);

/// Enters a file.
pub(super) fn enter(key: Key) -> Entered {
    let mut writers = lock();
    loop {
        match writers.get_or_insert_default().get(&key).map(Weak::upgrade) {
            None => {
                writers.get_or_insert_default().insert(key, Weak::new());
                return Entered::First(Entry(Leave(key)));
            }
            Some(Some(jobs)) => return Entered::Joined(jobs),
            Some(None) => writers = CHANGED.wait(writers).unwrap_or_else(PoisonError::into_inner),
        }
    }
}

impl Entry {
    /// The part for whoever opens, and the part for the thread that writes.
    pub(super) fn split(self) -> (Announce, Leave) {
        let Self(leave) = self;
        (Announce(leave.0), leave)
    }
}

impl Announce {
    pub(super) fn announce(self, jobs: &Arc<Jobs>) {
        lock().get_or_insert_default().insert(self.0, Arc::downgrade(jobs));
        CHANGED.notify_all();
    }
}

impl Drop for Leave {
    fn drop(&mut self) {
        lock().get_or_insert_default().remove(&self.0);
        CHANGED.notify_all();
    }
}

/// Waits until every file that was appended to is closed, for no longer than `limit`.
pub(crate) fn wait_until_closed(limit: Duration) {
    let writers = lock();
    let busy =
        |writers: &mut Option<HashMap<Key, Weak<Jobs>>>| writers.as_ref().is_some_and(|all| !all.is_empty());
    // A device that hangs must not keep the process; what it was given is not acknowledged.
    drop(CHANGED.wait_timeout_while(writers, limit, busy));
}

fn lock() -> MutexGuard<'static, Option<HashMap<Key, Weak<Jobs>>>> {
    WRITERS.lock().unwrap_or_else(PoisonError::into_inner)
}
