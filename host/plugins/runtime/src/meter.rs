//! CPU time of a call: the time that its future spends in `poll`, so that waits do not count.

use std::future::Future;
use std::pin::Pin;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use forebay_lifecycle::clock;

/// The CPU time of the call that runs now in an instance.
#[derive(Debug, Default)]
pub(crate) struct Meter {
    state: Mutex<State>,
}

#[derive(Debug, Default, Clone, Copy)]
struct State {
    spent: Duration,
    polled_since: Option<Instant>,
}

impl Meter {
    /// Starts a call.
    pub(crate) fn reset(&self) {
        *self.lock() = State::default();
    }

    /// The CPU time that the call has used, up to now.
    pub(crate) fn spent(&self) -> Duration {
        let state = *self.lock();
        state.spent + state.polled_since.map_or(Duration::ZERO, |since| clock::now() - since)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
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
        let start = clock::now();
        self.meter.lock().polled_since = Some(start);
        let result = Pin::new(&mut self.inner).poll(context);
        let mut state = self.meter.lock();
        state.polled_since = None;
        state.spent += clock::now() - start;
        drop(state);
        result
    }
}
