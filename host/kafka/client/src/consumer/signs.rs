//! Telling that partitions are asked back, before anybody takes the event of it.

use std::fmt;
use std::sync::OnceLock;

type Kept = Box<dyn Send + Sync>;

/// Who wants to know that.
#[derive(Default)]
pub(super) struct Signs(OnceLock<Box<dyn Fn() -> Kept + Send + Sync>>);

/// What is kept as long as partitions are asked back.
pub(super) struct Sign(Option<Kept>);

impl Signs {
    /// Asks for it; who did so first is told.
    pub(super) fn ask(&self, sign: impl Fn() -> Kept + Send + Sync + 'static) {
        let _ = self.0.set(Box::new(sign));
    }

    pub(super) fn give(&self) -> Sign {
        Sign(self.0.get().map(|sign| sign()))
    }
}

impl fmt::Debug for Signs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Signs").field(&self.0.get().is_some()).finish()
    }
}

impl fmt::Debug for Sign {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Sign").field(&self.0.is_some()).finish()
    }
}
