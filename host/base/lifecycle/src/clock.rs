//! The time. Everything else asks here.

use std::time::{Instant, SystemTime};

/// A moment to measure durations from.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "this is the replacement that the lint names")]
pub fn now() -> Instant {
    Instant::now()
}

/// The wall clock.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "this is the replacement that the lint names")]
pub fn wall() -> SystemTime {
    SystemTime::now()
}
