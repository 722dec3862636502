use async_trait::async_trait;
use forebay_model::VirtualClusterId;

use crate::{ConfigError, Configs, Kind, StoreFailure};

/// Clusters that share a store and nothing else.
#[async_trait]
pub trait VirtualClusters: Send + Sync {
    /// Makes a virtual cluster.
    ///
    /// # Errors
    /// When there is one of that id.
    async fn create_virtual_cluster(
        &self,
        cluster: &VirtualClusterId,
    ) -> Result<(), CreateVirtualClusterError>;

    /// All of them, by id.
    ///
    /// # Errors
    /// When the store can't be asked.
    async fn virtual_clusters(&self) -> Result<Vec<VirtualClusterId>, StoreFailure>;

    /// The cluster configurations that were set.
    ///
    /// # Errors
    /// When there is no such cluster.
    async fn cluster_configs(&self, cluster: &VirtualClusterId) -> Result<Configs, ConfigError>;

    /// Replaces the cluster configurations, if they still are what the caller saw.
    ///
    /// # Errors
    /// When there is no such cluster, or its configurations are not `seen`.
    async fn replace_cluster_configs(
        &self,
        cluster: &VirtualClusterId,
        seen: &Configs,
        new: &Configs,
    ) -> Result<(), ConfigError>;
}

/// Why a virtual cluster was not made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CreateVirtualClusterError {
    /// There is one already.
    #[error("there is a virtual cluster {cluster} already")]
    Exists {
        /// Which.
        cluster: VirtualClusterId,
    },
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreFailure),
}

impl CreateVirtualClusterError {
    /// What to do about it.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        match self {
            Self::Exists { .. } => Kind::Conflict,
            Self::Store(failure) => failure.kind(),
        }
    }
}
