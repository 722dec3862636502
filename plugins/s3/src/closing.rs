//! What an input waits for when it closes.

use std::time::Duration;

use forebay_sdk::waits;

/// How long to wait before looking again.
const PAUSE: Duration = Duration::from_millis(1);

/// Ends when `left` no longer gives anything, which is what `ask` is told. A wait ends at once when a shutdown is pending:
/// then `ask` lets a moment pass, by asking a store for something. Where it says that it could not, nobody waits.
pub(crate) fn until_done<T>(mut left: impl FnMut() -> Option<T>, mut ask: impl FnMut(T) -> bool) {
    while let Some(place) = left() {
        if waits::pending().is_empty() {
            let _ = waits::wait(Some(PAUSE));
        } else if !ask(place) {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use forebay_sdk::{testing, time, waits::Woken};

    use super::*;

    /// How often it was looked and asked, where work is done after so many looks.
    fn looked_and_asked(work: u32, can_ask: bool) -> (u32, u32) {
        let (looked, asked) = (Cell::new(0), Cell::new(0));
        let look = || {
            looked.set(looked.get() + 1);
            (looked.get() <= work).then_some(())
        };
        let ask = |()| {
            asked.set(asked.get() + 1);
            can_ask
        };
        until_done(look, ask);
        (looked.get(), asked.get())
    }

    #[test]
    fn a_moment_passes_between_two_looks() {
        assert_eq!(looked_and_asked(3, true), (4, 0));
        assert_eq!(time::now(), PAUSE * 3);
        for pending in [Woken::SHUTDOWN, Woken::SETTLEMENT] {
            testing::set_pending(pending);
            assert_eq!(looked_and_asked(3, true), (4, 3));
            assert_eq!(looked_and_asked(3, false), (1, 1), "nobody spins");
        }
    }
}
