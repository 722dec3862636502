use std::thread::park_timeout;
use std::time::Duration;

/// Between two looks.
const PAUSE: Duration = Duration::from_millis(1);
/// How often to look before giving up: two minutes at least. Only a guard, no test depends on it.
const LOOKS: u32 = 120_000;

/// Waits until a condition is met.
///
/// # Panics
/// When it waits in vain.
pub fn until(what: &str, mut is_met: impl FnMut() -> bool) {
    for _ in 0..LOOKS {
        if is_met() {
            return;
        }
        park_timeout(PAUSE);
    }
    assert!(is_met(), "waited in vain until {what}");
}
