use std::sync::Arc;

use crate::blocks::BlockSource;
use crate::index::Index;

/// The readers of this agent, who are spared to ask for what it has written itself.
#[derive(Debug)]
pub(super) struct Feed {
    /// Is told where records lie, when they are committed.
    pub(super) index: Arc<Index>,
    /// Gets the bytes of what somebody waits for, while they are put.
    pub(super) blocks: Arc<dyn BlockSource>,
}
