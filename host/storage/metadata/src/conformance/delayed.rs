use std::sync::Arc;
use std::time::Duration;

use crate::{Decorated, Decorator, MetadataStore, Operation, StoreFailure};

/// A store that is far away: every call takes so much longer.
#[derive(Debug)]
pub struct Delayed {
    latency: Duration,
}

impl Delayed {
    /// `store`, `latency` away.
    #[must_use]
    pub fn new(store: Arc<dyn MetadataStore>, latency: Duration) -> Decorated<Self> {
        Decorated::new(store, Self { latency })
    }
}

impl Decorator for Delayed {
    async fn around<T: Send, E: From<StoreFailure> + Send>(
        &self,
        _: Operation,
        work: impl Future<Output = Result<T, E>> + Send,
    ) -> Result<T, E> {
        tokio::time::sleep(self.latency).await;
        work.await
    }
}
