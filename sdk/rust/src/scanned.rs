//! What scanners have made of the streams that an input hands out, for inputs that go on from there.

use crate::{Batch, Token};

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

/// Says that the stream which this `read` returns is the one with this token once more, from its start, under another
/// token: what of it was delivered is left out, as the host knows. For inputs that read again themselves
/// ([`Input::REREADS`](crate::Input::REREADS)), of streams that were rejected.
///
/// Natively, in tests, [`testing::take_again`](crate::testing::take_again) says what it was called with.
pub fn again(token: Token) {
    #[cfg(target_arch = "wasm32")]
    crate::bindings::capabilities::forebay::plugin::scanned::again(token);
    #[cfg(not(target_arch = "wasm32"))]
    crate::testing::set_again(token);
}
