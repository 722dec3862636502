use std::cell::RefCell;

use crate::Batch;

thread_local! {
    static SCANNED: RefCell<Option<Batch>> = const { RefCell::new(None) };
}

/// Says what [`scanned::last`](crate::scanned::last) gives when it is asked next.
pub fn set_scanned(batch: Batch) {
    SCANNED.set(Some(batch));
}

pub(crate) fn take_scanned() -> Option<Batch> {
    SCANNED.take()
}
