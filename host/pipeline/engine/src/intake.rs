//! What pipelines of a process may take in together.

use std::sync::Arc;

use async_trait::async_trait;

/// Says when a pipeline may go on with what its inputs have read.
///
/// Every input of a plugin asks with each batch, before the batch goes on its way and counts as in flight; what is sent
/// again is not asked for a second time. While an input waits it reads no more, and when the pipeline stops it goes on
/// at once.
#[async_trait]
pub trait Intake: Send + Sync {
    /// Waits until so many bytes of payloads and metadata may go on.
    ///
    /// # Cancel safety
    /// What is waited for may be dropped; the bytes are then not taken, as far as they were not granted.
    async fn take(&self, bytes: usize);
}

/// None lets everything through.
pub(crate) type OptionalIntake = Option<Arc<dyn Intake>>;
