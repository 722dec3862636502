//! How many agents share the work.

use std::num::NonZeroU32;

use async_trait::async_trait;

/// Knows how many agents are alive that run managed pipelines in the same virtual cluster and pipeline group, the one
/// that asks among them.
#[async_trait]
pub trait Agents: Send + Sync {
    /// Counts them. Asked about once a second; what was the answer before holds on where this fails.
    ///
    /// # Errors
    /// Why they can't be counted, for the log.
    async fn count(&self) -> Result<NonZeroU32, String>;
}

/// There is but this one agent.
#[derive(Debug, Clone, Copy, Default)]
pub struct Alone;

#[async_trait]
impl Agents for Alone {
    async fn count(&self) -> Result<NonZeroU32, String> {
        Ok(NonZeroU32::MIN)
    }
}
