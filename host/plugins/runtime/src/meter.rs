//! CPU time of a call: the time that its future spends in `poll`, so that waits do not count.

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use forebay_lifecycle::clock;

/// The CPU time of the call that runs now in an instance.
///
/// Only the thread that polls the call writes and reads it; atomics because stores may change threads.
#[derive(Debug, Default)]
pub(crate) struct Meter {
    /// Nanoseconds of the polls that have ended.
    spent: AtomicU64,
    /// When the poll under way began; 0 while there is none.
    since: AtomicU64,
    /// Waits that the contract allows without bound: how many have begun, and how many have ended.
    waits_begun: AtomicU64,
    waits_ended: AtomicU64,
}

/// Waits that the contract allows without bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct LongWaits {
    begun: u64,
    pub(crate) under_way: bool,
}

/// A wait that the contract allows, until it is dropped.
#[derive(Debug)]
pub(crate) struct LongWait(Arc<Meter>);

impl Drop for LongWait {
    fn drop(&mut self) {
        self.0.waits_ended.fetch_add(1, Ordering::Relaxed);
    }
}

impl Meter {
    /// Starts a call.
    pub(crate) fn reset(&self) {
        self.spent.store(0, Ordering::Relaxed);
        self.since.store(0, Ordering::Relaxed);
    }

    /// Notes that a wait begins that may last as long as it likes.
    pub(crate) fn long_wait(self: &Arc<Self>) -> LongWait {
        self.waits_begun.fetch_add(1, Ordering::Relaxed);
        LongWait(Arc::clone(self))
    }

    /// The long waits up to now.
    pub(crate) fn long_waits(&self) -> LongWaits {
        let (begun, ended) =
            (self.waits_begun.load(Ordering::Relaxed), self.waits_ended.load(Ordering::Relaxed));
        LongWaits { begun, under_way: begun != ended }
    }

    /// The CPU time that the call has used, up to now.
    pub(crate) fn spent(&self) -> Duration {
        Duration::from_nanos(self.spent.load(Ordering::Relaxed)) + self.running()
    }

    /// When the poll under way began, on a clock of its own; 0 while there is none.
    pub(crate) fn since(&self) -> u64 {
        self.since.load(Ordering::Relaxed)
    }

    /// How long the call has kept its thread without a break.
    pub(crate) fn running(&self) -> Duration {
        let since = self.since.load(Ordering::Relaxed);
        Duration::from_nanos(if since == 0 { 0 } else { now() - since })
    }
}

/// Nanoseconds since some moment before the first call; never 0.
fn now() -> u64 {
    static START: OnceLock<Instant> = OnceLock::new();
    let since = clock::now() - *START.get_or_init(clock::now);
    u64::try_from(since.as_nanos()).unwrap_or(u64::MAX).max(1)
}

/// A future whose polls a meter counts.
pub(crate) struct Metered<'a, F> {
    inner: F,
    meter: &'a Meter,
}

impl<'a, F> Metered<'a, F> {
    pub(crate) fn new(inner: F, meter: &'a Meter) -> Self {
        Self { inner, meter }
    }
}

impl<F: Future + Unpin> Future for Metered<'_, F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let start = now();
        self.meter.since.store(start, Ordering::Relaxed);
        let result = Pin::new(&mut self.inner).poll(context);
        self.meter.since.store(0, Ordering::Relaxed);
        self.meter.spent.fetch_add(now() - start, Ordering::Relaxed);
        result
    }
}
