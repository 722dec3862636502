//! Waiting. These calls and [`ByteStream::read`](crate::streams::ByteStream::read) are the only ones
//! that may wait without bound; every other call must return within the limit of the instance.

use std::time::Duration;

/// Why a wait ended. What is pending stays set until it is handled: a settlement until the host has
/// handed it to `read`, a shutdown for good, or until `read` is called after it.
pub use crate::bindings::capabilities::forebay::plugin::waits::Woken;

/// Waits for a time, or for ever. Returns at once, without waiting, when something is pending.
///
/// Natively, in tests, it moves the clock of [`time::now`](crate::time::now) instead.
#[must_use]
pub fn wait(time: Option<Duration>) -> Woken {
    #[cfg(target_arch = "wasm32")]
    {
        use crate::bindings::capabilities::forebay::plugin::waits as wit;

        wit::wait(time.map(|time| u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)))
    }
    #[cfg(not(target_arch = "wasm32"))]
    crate::testing::wait(time)
}

/// Gives way in the middle of a long computation. Only plugins that come with the host need it: their
/// code is not interrupted otherwise.
pub fn give_way() {
    #[cfg(target_arch = "wasm32")]
    crate::bindings::capabilities::forebay::plugin::waits::give_way();
}

/// What is pending now, without waiting.
#[must_use]
pub fn pending() -> Woken {
    #[cfg(target_arch = "wasm32")]
    {
        crate::bindings::capabilities::forebay::plugin::waits::pending()
    }
    #[cfg(not(target_arch = "wasm32"))]
    crate::testing::pending()
}
