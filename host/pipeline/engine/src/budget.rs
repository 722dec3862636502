//! How much may be in flight in a pipeline, and who must hurry for that to land.
//!
//! Batches are collected into larger ones while they are in flight. When an input waits for what it has handed out, be
//! it because it ends or because there is no room for more, whoever collects must let go of what there is.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;

/// What a batch costs beside its bytes.
const BATCH: usize = 2 << 10;
/// The part of that which stays when nobody has its bytes any more: the duty to settle it.
const DUTY: usize = 4;
/// How long nothing may land while an input waits for room, before those who collect batches must let go of them.
const STALL: Duration = Duration::from_secs(1);

/// What may be in flight in one pipeline, over all its inputs.
#[derive(Debug)]
pub(crate) struct Budget {
    most: usize,
    /// What each batch costs beside its bytes.
    of_batch: usize,
    load: Mutex<Load>,
    /// Something has landed.
    landed: Notify,
    /// Whether a part of an input could not be read, or was rejected for good.
    incomplete: AtomicBool,
    waits: Arc<Waits>,
}

/// Who waits for what is in flight.
#[derive(Debug, Default)]
struct Waits {
    /// Those who wait for all they have handed out.
    ending: AtomicUsize,
    /// Those who wait for room while nothing lands.
    stalled: AtomicUsize,
    hurried: Notify,
    /// Batches in flight, those in buffers included.
    batches: AtomicUsize,
    /// Inputs that may hand out more.
    reading: AtomicUsize,
    calmed: Notify,
}

/// An input that may hand out more.
#[derive(Debug)]
pub(crate) struct Reading(Arc<Waits>);

impl Drop for Reading {
    fn drop(&mut self) {
        self.0.reading.fetch_sub(1, Ordering::AcqRel);
        self.0.calmed.notify_waiters();
    }
}

#[derive(Debug, Default, Clone, Copy)]
struct Load {
    bytes: usize,
    batches: usize,
    /// How often something has landed.
    landings: u64,
}

/// Bytes in memory that count as in flight, until it is dropped.
#[derive(Debug)]
pub(crate) struct Weight {
    budget: Arc<Budget>,
    bytes: usize,
}

impl Weight {
    /// Counts so many bytes more.
    pub(crate) fn grow(&mut self, bytes: usize) {
        self.bytes += bytes;
        self.budget.lock().bytes += bytes;
    }

    /// All of it, which somebody else has from now on.
    pub(crate) fn take(&mut self) -> Self {
        Self { budget: Arc::clone(&self.budget), bytes: std::mem::take(&mut self.bytes) }
    }
}

impl Drop for Weight {
    fn drop(&mut self) {
        if self.bytes > 0 {
            let mut load = self.budget.lock();
            load.bytes -= self.bytes;
            load.landings += 1;
            drop(load);
            self.budget.landed.notify_waiters();
        }
    }
}

/// Why what is collected must go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Hurry {
    /// An input waits for it, to end or to be opened again.
    Ending,
    /// There is no room for more.
    Stalled,
}

/// Keeps those hurrying who collect batches, as long as it is there.
struct Hurrying<'b>(&'b AtomicUsize);

impl Drop for Hurrying<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

impl Budget {
    pub(crate) fn new(most: usize) -> Self {
        Self::of(most, BATCH, Arc::default())
    }

    fn of(most: usize, of_batch: usize, waits: Arc<Waits>) -> Self {
        let (load, landed, incomplete) = (Mutex::default(), Notify::new(), AtomicBool::new(false));
        Self { most, of_batch, load, landed, incomplete, waits }
    }

    /// A budget beside this one, which counts nothing but contents. Who waits for either has all hurry.
    pub(crate) fn beside(&self, most: usize) -> Self {
        Self::of(most, 0, Arc::clone(&self.waits))
    }

    /// Bytes that may be in flight.
    pub(crate) fn most(&self) -> usize {
        self.most
    }

    /// Notes that a part of an input could not be read, or was rejected for good.
    pub(crate) fn note_incomplete(&self) {
        self.incomplete.store(true, Ordering::Relaxed);
    }

    /// Whether a part of an input could not be read, or was rejected for good.
    pub(crate) fn is_incomplete(&self) -> bool {
        self.incomplete.load(Ordering::Relaxed)
    }

    /// Waits until there is room for another batch, whatever its size.
    ///
    /// # Cancel safety
    /// Safe: it owns nothing.
    pub(crate) async fn room(&self) {
        self.until_room(|load| load.bytes < self.most).await;
    }

    /// Waits until there is room for so many bytes, or for anything where nothing is in flight.
    ///
    /// # Cancel safety
    /// Safe: it owns nothing.
    pub(crate) async fn room_for(&self, bytes: usize) {
        self.until_room(|load| self.fits(load, bytes)).await;
    }

    /// Whether there is room for so many bytes.
    pub(crate) fn has_room_for(&self, bytes: usize) -> bool {
        self.fits(*self.lock(), bytes)
    }

    fn fits(&self, load: Load, bytes: usize) -> bool {
        load.batches == 0 || load.bytes.saturating_add(bytes) <= self.most
    }

    async fn until_room(&self, has_room: impl Fn(Load) -> bool) {
        let mut hurrying = None;
        while !has_room(*self.lock()) {
            let seen = self.lock().landings;
            let changed = self.until(|load| load.landings != seen || has_room(load));
            if hurrying.is_some() {
                changed.await;
            } else if tokio::time::timeout(STALL, changed).await.is_err() {
                hurrying = Some(self.hurry(&self.waits.stalled));
            }
        }
    }

    /// Notes that an input may hand out batches, until what this gives is dropped.
    pub(crate) fn reading(&self) -> Reading {
        self.waits.reading.fetch_add(1, Ordering::AcqRel);
        Reading(Arc::clone(&self.waits))
    }

    /// Waits until no input hands out any more and nothing is in flight, in buffers neither.
    ///
    /// # Cancel safety
    /// Safe: it owns nothing.
    pub(crate) async fn all_landed(&self) {
        loop {
            let calmed = self.waits.calmed.notified();
            tokio::pin!(calmed);
            calmed.as_mut().enable();
            let count = |of: &AtomicUsize| of.load(Ordering::Acquire);
            if count(&self.waits.reading) == 0 && count(&self.waits.batches) == 0 {
                return;
            }
            calmed.await;
        }
    }

    /// Waits for something while those who collect batches hurry.
    ///
    /// # Cancel safety
    /// As that of `wait`.
    pub(crate) async fn ending<T>(&self, wait: impl Future<Output = T>) -> T {
        let _hurrying = self.hurry(&self.waits.ending);
        wait.await
    }

    fn hurry<'b>(&'b self, among: &'b AtomicUsize) -> Hurrying<'b> {
        among.fetch_add(1, Ordering::AcqRel);
        self.waits.hurried.notify_waiters();
        Hurrying(among)
    }

    /// Waits until there is need for hurry, at once where there is; `patient`: not for want of room.
    ///
    /// # Cancel safety
    /// Safe: it owns nothing.
    pub(crate) async fn hurried(&self, patient: bool) -> Hurry {
        loop {
            let hurried = self.waits.hurried.notified();
            tokio::pin!(hurried);
            hurried.as_mut().enable();
            if let Some(hurry) = self.hurry_now(patient) {
                return hurry;
            }
            hurried.await;
        }
    }

    /// The need for hurry that there is, as in [`Budget::hurried`].
    pub(crate) fn hurry_now(&self, patient: bool) -> Option<Hurry> {
        if self.waits.ending.load(Ordering::Acquire) > 0 {
            return Some(Hurry::Ending);
        }
        (!patient && self.waits.stalled.load(Ordering::Acquire) > 0).then_some(Hurry::Stalled)
    }

    async fn until(&self, ready: impl Fn(Load) -> bool) {
        loop {
            let landed = self.landed.notified();
            tokio::pin!(landed);
            landed.as_mut().enable();
            let load = *self.lock();
            if ready(load) {
                return;
            }
            landed.await;
        }
    }

    /// Counts a batch of so many bytes, until [`Budget::remove`]. The bytes count as long as what this gives is there.
    pub(crate) fn add(self: &Arc<Self>, bytes: usize) -> Weight {
        let bytes = bytes + self.of_batch - self.of_batch / DUTY;
        let mut load = self.lock();
        load.bytes += bytes + self.of_batch / DUTY;
        load.batches += 1;
        drop(load);
        self.waits.batches.fetch_add(1, Ordering::AcqRel);
        Weight { budget: Arc::clone(self), bytes }
    }

    /// Bytes that are of no batch yet: none at first.
    pub(crate) fn weight(self: &Arc<Self>) -> Weight {
        Weight { budget: Arc::clone(self), bytes: 0 }
    }

    /// Takes back a batch that was counted.
    pub(crate) fn remove(&self) {
        let mut load = self.lock();
        load.bytes -= self.of_batch / DUTY;
        load.batches -= 1;
        load.landings += 1;
        drop(load);
        self.landed.notify_waiters();
        if self.waits.batches.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.waits.calmed.notify_waiters();
        }
    }

    fn lock(&self) -> MutexGuard<'_, Load> {
        self.load.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn who_waits_for_room_in_vain_has_others_hurry_until_there_is_room() {
        let budget = Arc::new(Budget::new(10));
        let weight = budget.add(10);
        let waiting = budget.room();
        tokio::pin!(waiting);
        let hurried = tokio::select! {
            () = &mut waiting => None,
            hurried = budget.hurried(false) => Some(hurried),
        };
        assert_eq!(hurried, Some(Hurry::Stalled));
        drop(weight);
        budget.remove();
        waiting.await;
        let hurried = tokio::time::timeout(STALL, budget.hurried(false)).await;
        assert!(hurried.is_err(), "there is room again");
    }

    #[tokio::test(start_paused = true)]
    async fn who_ends_has_others_hurry_as_long_as_that_takes() {
        let budget = Arc::new(Budget::new(10));
        let _weight = budget.add(1);
        let hurried = {
            let ending = budget.ending(budget.room_for(100));
            tokio::pin!(ending);
            tokio::select! {
                () = &mut ending => None,
                hurried = budget.hurried(false) => Some(hurried),
            }
        };
        assert_eq!(hurried, Some(Hurry::Ending));
        assert!(tokio::time::timeout(STALL, budget.hurried(false)).await.is_err());
    }
}
