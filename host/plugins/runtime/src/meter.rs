//! CPU time of a call: the time that its future spends in `poll`, so that waits do not count.

use std::future::Future;
use std::pin::Pin;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
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
}

impl Meter {
    /// Starts a call.
    pub(crate) fn reset(&self) {
        self.spent.store(0, Ordering::Relaxed);
        self.since.store(0, Ordering::Relaxed);
    }

    /// The CPU time that the call has used, up to now.
    pub(crate) fn spent(&self) -> Duration {
        let since = self.since.load(Ordering::Relaxed);
        let running = if since == 0 { 0 } else { now() - since };
        Duration::from_nanos(self.spent.load(Ordering::Relaxed) + running)
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
