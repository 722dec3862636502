use std::cell::Cell;
use std::time::Duration;

use crate::waits::Woken;

thread_local! {
    static NOW: Cell<Duration> = const { Cell::new(Duration::ZERO) };
    static PENDING: Cell<Woken> = const { Cell::new(Woken::empty()) };
}

/// Sets the clock.
pub fn set_now(now: Duration) {
    NOW.set(now);
}

/// Sets what waits say is pending.
pub fn set_pending(woken: Woken) {
    PENDING.set(woken);
}

pub(crate) fn now() -> Duration {
    NOW.get()
}

pub(crate) fn pending() -> Woken {
    PENDING.get()
}

pub(crate) fn wait(time: Option<Duration>) -> Woken {
    let pending = pending();
    if !pending.is_empty() {
        return pending;
    }
    // A wait for ever that nothing can end would hang the test.
    let time = time.expect("something is pending when a test waits for ever");
    NOW.set(NOW.get() + time);
    Woken::DEADLINE
}
