use async_trait::async_trait;
use forebay_model::VirtualClusterId;
use forebay_storage_metadata::{
    ConfigError, Configs, CreateVirtualClusterError, StoreFailure, VirtualClusters,
};
use rusqlite::params;

use crate::SqliteMetadataStore;
use crate::configs;
use crate::rows::vc_of;
use crate::trouble::Trouble;

#[async_trait]
impl VirtualClusters for SqliteMetadataStore {
    async fn create_virtual_cluster(
        &self,
        cluster: &VirtualClusterId,
    ) -> Result<(), CreateVirtualClusterError> {
        let cluster = cluster.clone();
        self.write(move |writing| {
            if vc_of(writing.connection, &cluster)?.is_some() {
                return Ok(Err(CreateVirtualClusterError::Exists { cluster }));
            }
            writing
                .connection
                .prepare_cached("INSERT INTO virtual_clusters (id, created_at) VALUES (?1, ?2)")?
                .execute(params![cluster.as_str(), writing.now.millis()])?;
            Ok(Ok(()))
        })
        .await
    }

    async fn virtual_clusters(&self) -> Result<Vec<VirtualClusterId>, StoreFailure> {
        self.read(|connection| {
            let mut find = connection.prepare_cached("SELECT id FROM virtual_clusters ORDER BY id")?;
            let ids = find.query_map([], |row| row.get(0))?.collect::<Result<Vec<String>, _>>()?;
            let parse = |id: String| {
                id.parse().map_err(|error| Trouble::Corrupt(format!("virtual_clusters.id: {error}")))
            };
            ids.into_iter().map(parse).collect::<Result<Vec<_>, _>>().map(Ok)
        })
        .await
    }

    async fn cluster_configs(&self, cluster: &VirtualClusterId) -> Result<Configs, ConfigError> {
        let cluster = cluster.clone();
        self.read(move |connection| match vc_of(connection, &cluster)? {
            Some(vc) => configs::of_cluster(connection, vc).map(Ok),
            None => Ok(Err(ConfigError::NoVirtualCluster { cluster })),
        })
        .await
    }

    async fn replace_cluster_configs(
        &self,
        cluster: &VirtualClusterId,
        seen: &Configs,
        new: &Configs,
    ) -> Result<(), ConfigError> {
        let (cluster, seen, new) = (cluster.clone(), seen.clone(), new.clone());
        self.write(move |writing| {
            let Some(vc) = vc_of(writing.connection, &cluster)? else {
                return Ok(Err(ConfigError::NoVirtualCluster { cluster }));
            };
            if configs::of_cluster(writing.connection, vc)? != seen {
                return Ok(Err(ConfigError::Changed));
            }
            configs::set_of_cluster(writing.connection, vc, &new).map(Ok)
        })
        .await
    }
}
