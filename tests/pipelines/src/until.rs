use std::thread::park_timeout;
use std::time::{Duration, Instant};

/// Between two looks.
const PAUSE: Duration = Duration::from_millis(1);
/// When to give up. Only a guard, no test depends on it.
const PATIENCE: Duration = Duration::from_mins(3);

/// Waits until a condition is met.
///
/// # Panics
/// When it waits in vain.
#[expect(clippy::disallowed_methods, reason = "a guard of tests, and nothing that is tested")]
pub fn until(what: &str, mut is_met: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !is_met() {
        assert!(begun.elapsed() < PATIENCE, "waited in vain until {what}");
        park_timeout(PAUSE);
    }
}
