use std::fmt;
use std::sync::Arc;

/// Held by whoever has a batch, or a part of one, in memory. What is inside is dropped when nobody has any more.
#[derive(Clone)]
pub struct Held(#[expect(dead_code, reason = "it is there to be dropped")] Arc<dyn Send + Sync>);

impl Held {
    pub fn new(inside: impl Send + Sync + 'static) -> Self {
        Self(Arc::new(inside))
    }
}

impl fmt::Debug for Held {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Held").finish_non_exhaustive()
    }
}
