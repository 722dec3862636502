//! The clocks of the host.

use std::time::Duration;

/// The time since 1970-01-01T00:00:00Z. Natively, in tests, a clock that starts at 0 and that waits
/// move.
#[must_use]
pub fn now() -> Duration {
    #[cfg(target_arch = "wasm32")]
    {
        let now = crate::bindings::capabilities::forebay::environment::environment::now();
        Duration::new(u64::try_from(now.seconds).unwrap_or(0), now.nanoseconds)
    }
    #[cfg(not(target_arch = "wasm32"))]
    crate::testing::now()
}

/// A clock that never goes back; what it counts from is unknown. Natively the same as [`now`].
#[must_use]
pub fn monotonic() -> Duration {
    #[cfg(target_arch = "wasm32")]
    {
        Duration::from_nanos(crate::bindings::capabilities::forebay::environment::environment::monotonic())
    }
    #[cfg(not(target_arch = "wasm32"))]
    crate::testing::now()
}
