use std::cell::RefCell;

use crate::{Batch, Token};

thread_local! {
    static AGAIN: RefCell<Option<Token>> = const { RefCell::new(None) };
    static SCANNED: RefCell<Option<Batch>> = const { RefCell::new(None) };
}

/// Says what [`scanned::last`](crate::scanned::last) gives when it is asked next.
pub fn set_scanned(batch: Batch) {
    SCANNED.set(Some(batch));
}

pub(crate) fn take_scanned() -> Option<Batch> {
    SCANNED.take()
}

/// What [`scanned::again`](crate::scanned::again) was called with since this was asked last.
pub fn take_again() -> Option<Token> {
    AGAIN.take()
}

pub(crate) fn set_again(token: Token) {
    AGAIN.set(Some(token));
}
