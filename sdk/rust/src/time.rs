//! The clocks of the host.

use std::time::Duration;

/// The time since 1970-01-01T00:00:00Z. Natively, in tests, a clock that starts at 0 and that waits
/// move.
#[must_use]
pub fn now() -> Duration {
    #[cfg(target_arch = "wasm32")]
    {
        use std::time::SystemTime;

        #[expect(clippy::disallowed_methods, reason = "in a guest this is the clock of the host")]
        let now = SystemTime::now();
        now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default()
    }
    #[cfg(not(target_arch = "wasm32"))]
    crate::testing::now()
}

/// A clock that never goes back; what it counts from is unknown. Natively the same as [`now`].
#[must_use]
pub fn monotonic() -> Duration {
    #[cfg(target_arch = "wasm32")]
    {
        use std::sync::OnceLock;
        use std::time::Instant;

        static START: OnceLock<Instant> = OnceLock::new();
        #[expect(clippy::disallowed_methods, reason = "in a guest this is the clock of the host")]
        let now = Instant::now();
        now.duration_since(*START.get_or_init(|| now))
    }
    #[cfg(not(target_arch = "wasm32"))]
    crate::testing::now()
}
