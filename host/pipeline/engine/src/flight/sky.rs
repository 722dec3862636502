//! How much of an input is in flight, and what of it is to be sent again.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use forebay_pipeline_message::{Batch, Held, Rejection, Transaction};
use tokio::sync::Notify;

use super::{Again, Flight};
use crate::budget::{Budget, Weight};

/// What one input of a pipeline has in flight.
#[derive(Debug)]
pub(crate) struct Sky {
    budget: Arc<Budget>,
    batches: Mutex<usize>,
    landed: Notify,
    pub(super) failed: Mutex<VecDeque<FailedBatch>>,
    failed_changed: Notify,
    /// Whether nobody sends anything again.
    is_grounded: AtomicBool,
}

/// Rejects what waits to be sent again when it is dropped: nobody will send it.
pub(crate) struct Grounded<'s>(pub(crate) &'s Arc<Sky>);

/// A batch to be sent again. Its flight counts as rejected when nobody does so.
#[derive(Debug)]
pub(crate) struct FailedBatch {
    pub(crate) attempts: u32,
    inner: Option<Failed>,
}

#[derive(Debug)]
struct Failed {
    batch: Batch,
    held: Option<Held>,
    rejection: Rejection,
    flight: Arc<Flight>,
}

impl Sky {
    /// One with nothing in it, whose batches count for `budget`.
    pub(crate) fn new(budget: &Arc<Budget>) -> Arc<Self> {
        Arc::new(Self {
            budget: Arc::clone(budget),
            batches: Mutex::default(),
            landed: Notify::new(),
            failed: Mutex::default(),
            failed_changed: Notify::new(),
            is_grounded: AtomicBool::new(false),
        })
    }

    /// Notes that a part of the input could not be read, or was rejected for good.
    pub(crate) fn note_incomplete(&self) {
        self.budget.note_incomplete();
    }

    /// Waits until there is room for another batch.
    ///
    /// # Cancel safety
    /// Safe: it owns nothing.
    pub(crate) async fn room(&self) {
        self.budget.room().await;
    }

    /// Waits until nothing of this input is in flight. Whoever collects batches lets go of them meanwhile.
    ///
    /// # Cancel safety
    /// Safe: it owns nothing.
    pub(crate) async fn empty(&self) {
        self.budget.ending(self.until_empty()).await;
    }

    /// Waits for something while whoever collects batches lets go of them.
    ///
    /// # Cancel safety
    /// As that of `wait`.
    pub(crate) async fn hurrying(&self, wait: impl Future<Output = ()>) {
        self.budget.ending(wait).await;
    }

    async fn until_empty(&self) {
        loop {
            let landed = self.landed.notified();
            tokio::pin!(landed);
            landed.as_mut().enable();
            if *self.batches() == 0 {
                return;
            }
            landed.await;
        }
    }

    fn batches(&self) -> MutexGuard<'_, usize> {
        self.batches.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next batch to be sent again.
    ///
    /// # Cancel safety
    /// Safe: a batch is taken out only when it is returned.
    pub(crate) async fn next_failed(&self) -> FailedBatch {
        loop {
            let changed = self.failed_changed.notified();
            tokio::pin!(changed);
            changed.as_mut().enable();
            let next = self.failed.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
            if let Some(next) = next {
                return next;
            }
            changed.await;
        }
    }

    pub(super) fn fail(&self, failed: FailedBatch) {
        // Bounded: what fails was in flight, and that is.
        let mut all = self.failed.lock().unwrap_or_else(PoisonError::into_inner);
        if self.is_grounded.load(Ordering::Acquire) {
            drop(all);
            return drop(failed);
        }
        all.push_back(failed);
        drop(all);
        self.failed_changed.notify_waiters();
    }

    pub(super) fn add(&self, bytes: usize) -> Weight {
        *self.batches() += 1;
        self.budget.add(bytes)
    }

    pub(super) fn remove(&self) {
        self.budget.remove();
        *self.batches() -= 1;
        self.landed.notify_waiters();
    }
}

impl Drop for Grounded<'_> {
    fn drop(&mut self) {
        let failed = {
            let mut failed = self.0.failed.lock().unwrap_or_else(PoisonError::into_inner);
            self.0.is_grounded.store(true, Ordering::Release);
            std::mem::take(&mut *failed)
        };
        drop(failed);
    }
}

impl FailedBatch {
    /// A batch that failed at the so manieth time.
    pub(super) fn new(
        attempts: u32,
        batch: Batch,
        held: Option<Held>,
        rejection: Rejection,
        flight: Arc<Flight>,
    ) -> Self {
        Self { attempts, inner: Some(Failed { batch, held, rejection, flight }) }
    }

    /// Why it failed, and what of it is to be sent again: all of these parts of the batch, which has the indexes that
    /// the rejection names.
    pub(crate) fn sent_again(
        mut self,
        parts: impl FnOnce(Batch, &Rejection) -> Vec<Batch>,
    ) -> Vec<Transaction> {
        let Some(Failed { batch, held, rejection, flight }) = self.inner.take() else { return Vec::new() };
        let again = |part| flight.transaction_of(part, held.clone(), self.attempts + 1, Again::Host);
        parts(batch, &rejection).into_iter().map(again).collect()
    }
}

impl Drop for FailedBatch {
    fn drop(&mut self) {
        if let Some(Failed { rejection, flight, .. }) = self.inner.take() {
            flight.set_rejected(rejection);
        }
    }
}
