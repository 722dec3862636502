//! What scanners have made of the streams that an input hands out, for inputs that go on from there.

use crate::Batch;

/// The last batch that the scanner has made of the last stream. Absent where it has made none, where it was asked
/// for already, and while nothing was scanned. Of messages that stand for themselves it is the last one.
///
/// Natively, in tests, [`testing::set_scanned`](crate::testing::set_scanned) says what it is.
#[must_use]
pub fn last() -> Option<Batch> {
    #[cfg(target_arch = "wasm32")]
    {
        crate::bindings::capabilities::forebay::plugin::scanned::last().map(Batch::from)
    }
    #[cfg(not(target_arch = "wasm32"))]
    crate::testing::take_scanned()
}
