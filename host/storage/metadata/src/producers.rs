use std::time::Duration;

use async_trait::async_trait;
use forebay_model::{ProducerEpoch, ProducerId, VirtualClusterId};

use crate::{Kind, StoreFailure};

/// What a partition remembers of a producer goes when the producer has written nothing to it for so long, as with
/// Kafka's `producer.id.expiration.ms`. Whatever sequence it sends then is taken.
pub const PRODUCERS_KEPT: Duration = Duration::from_hours(24);

/// Idempotent producers. What partitions remember of them is kept by [`Log::commit`](crate::Log::commit).
#[async_trait]
pub trait Producers: Send + Sync {
    /// A producer that never was before, in its first epoch.
    ///
    /// # Errors
    /// When there is no such virtual cluster, or no number is left.
    async fn init_producer(
        &self,
        cluster: &VirtualClusterId,
    ) -> Result<InitializedProducer, InitProducerError>;
}

/// A producer that may begin, each of its partitions at sequence 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InitializedProducer {
    /// Its number.
    pub id: ProducerId,
    /// Its epoch.
    pub epoch: ProducerEpoch,
}

/// Why there is no new producer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InitProducerError {
    /// There is no such virtual cluster.
    #[error("there is no virtual cluster {cluster}")]
    NoVirtualCluster {
        /// Which.
        cluster: VirtualClusterId,
    },
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreFailure),
}

impl InitProducerError {
    /// What to do about it.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        match self {
            Self::NoVirtualCluster { .. } => Kind::NotFound,
            Self::Store(failure) => failure.kind(),
        }
    }
}
