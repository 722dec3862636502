use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::Notify;

/// What an input that waits must be woken for. Level-triggered: a bit stays set until whoever set
/// it has been served, so that no order of events loses a wake.
///
/// The race this is built for: the input looks (nothing pending), a settlement comes and notifies
/// nobody, the input starts to wait. [`Wakes::wait`] therefore registers first and looks then.
#[derive(Debug, Default)]
pub struct Wakes {
    pending: AtomicU8,
    notify: Notify,
    /// What the input gives up at the moment.
    handovers: AtomicUsize,
    is_held_back: AtomicBool,
}

/// That an input gives something up, and others wait until what it has handed out of that is delivered: the host says it
/// on behalf of the input, whose batches then go on without delay. Until it is dropped.
#[derive(Debug)]
pub struct Handover(Arc<Wakes>);

/// That an input is to hand out nothing more, and is read so that it can do everything else. Until it is dropped.
#[derive(Debug)]
pub struct HeldBack<'w>(&'w Wakes);

/// Why a wait ended.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Woken {
    pub settlement: bool,
    pub deadline: bool,
    pub shutdown: bool,
}

const SETTLEMENT: u8 = 1;
const SHUTDOWN: u8 = 2;

impl Wakes {
    /// Says that settlements wait to be handed over.
    pub fn settlement(&self) {
        self.set(SETTLEMENT);
    }

    /// Says that the settlements were handed over.
    pub fn settlements_taken(&self) {
        self.pending.fetch_and(!SETTLEMENT, Ordering::AcqRel);
    }

    /// Says that the pipeline stops; this stays set until [`Wakes::go_on`].
    pub fn shutdown(&self) {
        self.set(SHUTDOWN);
    }

    /// Takes that back: whoever is woken is to do something once more before it is closed, for which it may have to read
    /// and to wait.
    pub fn go_on(&self) {
        self.pending.fetch_and(!SHUTDOWN, Ordering::AcqRel);
    }

    /// What is pending now; never `deadline`.
    #[must_use]
    pub fn pending(&self) -> Woken {
        let bits = self.pending.load(Ordering::Acquire);
        Woken { settlement: bits & SETTLEMENT != 0, deadline: false, shutdown: bits & SHUTDOWN != 0 }
    }

    /// Waits until something is pending or `limit` has passed.
    ///
    /// # Cancel safety
    /// Safe: it owns nothing.
    pub async fn wait(&self, limit: Option<Duration>) -> Woken {
        let deadline = limit.map(|limit| tokio::time::Instant::now() + limit);
        loop {
            let notified = self.notify.notified();
            tokio::pin!(notified);
            notified.as_mut().enable();
            let woken = self.pending();
            if woken != Woken::default() {
                return woken;
            }
            match deadline {
                None => notified.await,
                Some(deadline) => {
                    if tokio::time::timeout_at(deadline, notified).await.is_err() {
                        return Woken { deadline: true, ..self.pending() };
                    }
                }
            }
        }
    }

    /// Waits until a shutdown is pending, and for nothing else.
    ///
    /// # Cancel safety
    /// Safe: it owns nothing.
    pub async fn wait_for_shutdown(&self) {
        loop {
            let notified = self.notify.notified();
            tokio::pin!(notified);
            notified.as_mut().enable();
            if self.pending().shutdown {
                return;
            }
            notified.await;
        }
    }

    /// Says that the input gives something up.
    #[must_use]
    pub fn hand_over(self: &Arc<Self>) -> Handover {
        self.handovers.fetch_add(1, Ordering::AcqRel);
        self.notify.notify_waiters();
        Handover(Arc::clone(self))
    }

    /// Waits until the input gives something up, at once where it does already.
    ///
    /// # Cancel safety
    /// Safe: it owns nothing.
    pub async fn wait_for_handover(&self) {
        self.until_handovers(|handovers| handovers > 0).await;
    }

    /// Waits until the input gives nothing up any more.
    ///
    /// # Cancel safety
    /// Safe: it owns nothing.
    pub async fn wait_for_no_handover(&self) {
        self.until_handovers(|handovers| handovers == 0).await;
    }

    async fn until_handovers(&self, are_so: impl Fn(usize) -> bool) {
        loop {
            let notified = self.notify.notified();
            tokio::pin!(notified);
            notified.as_mut().enable();
            if are_so(self.handovers.load(Ordering::Acquire)) {
                return;
            }
            notified.await;
        }
    }

    /// Has the input hand out nothing more from its next call on.
    #[must_use]
    pub fn hold_back(&self) -> HeldBack<'_> {
        self.is_held_back.store(true, Ordering::Release);
        HeldBack(self)
    }

    /// Whether the input is to hand out nothing more.
    #[must_use]
    pub fn is_held_back(&self) -> bool {
        self.is_held_back.load(Ordering::Acquire)
    }

    fn set(&self, bit: u8) {
        self.pending.fetch_or(bit, Ordering::AcqRel);
        self.notify.notify_waiters();
    }
}

impl Drop for Handover {
    fn drop(&mut self) {
        self.0.handovers.fetch_sub(1, Ordering::AcqRel);
        self.0.notify.notify_waiters();
    }
}

impl Drop for HeldBack<'_> {
    fn drop(&mut self) {
        self.0.is_held_back.store(false, Ordering::Release);
    }
}
