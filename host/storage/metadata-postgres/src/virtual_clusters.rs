use async_trait::async_trait;
use forebay_model::VirtualClusterId;
use forebay_storage_metadata::{
    ConfigError, Configs, CreateVirtualClusterError, StoreFailure, VirtualClusters,
};

use crate::PostgresMetadataStore;
use crate::configs;
use crate::transaction::Transaction;
use crate::tries::tried;
use crate::trouble::Trouble;

#[async_trait]
impl VirtualClusters for PostgresMetadataStore {
    async fn create_virtual_cluster(
        &self,
        cluster: &VirtualClusterId,
    ) -> Result<(), CreateVirtualClusterError> {
        tried!(&self.pool, self.create_cluster(cluster))
    }

    async fn virtual_clusters(&self) -> Result<Vec<VirtualClusterId>, StoreFailure> {
        let rows = tried!(&self.pool, self.pool.query("SELECT id FROM virtual_clusters", &[]));
        let parse = |row: &tokio_postgres::Row| {
            let corrupt = |reason: String| Trouble::Corrupt(format!("virtual_clusters.id: {reason}"));
            row.try_get::<_, String>(0)?.parse().map_err(|error| corrupt(format!("{error}")))
        };
        let mut ids: Vec<VirtualClusterId> = rows.iter().map(parse).collect::<Result<_, Trouble>>()?;
        // In the order of bytes, whatever the language of the database is.
        ids.sort_by(|one, other| one.as_str().cmp(other.as_str()));
        Ok(ids)
    }

    async fn cluster_configs(&self, cluster: &VirtualClusterId) -> Result<Configs, ConfigError> {
        let Some(vc) = tried!(&self.pool, self.vc(cluster)) else {
            return Err(ConfigError::NoVirtualCluster { cluster: cluster.clone() });
        };
        let rows = tried!(&self.pool, self.pool.query(configs::OF_CLUSTER, &[&vc.0]));
        Ok(configs::read(&rows).map_err(StoreFailure::from)?)
    }

    async fn replace_cluster_configs(
        &self,
        cluster: &VirtualClusterId,
        seen: &Configs,
        new: &Configs,
    ) -> Result<(), ConfigError> {
        tried!(&self.pool, self.replace_configs(cluster, seen, new))
    }
}

impl PostgresMetadataStore {
    async fn create_cluster(
        &self,
        cluster: &VirtualClusterId,
    ) -> Result<Result<(), CreateVirtualClusterError>, Trouble> {
        let mut transaction = Transaction::begin(&self.pool).await?;
        let insert = "INSERT INTO virtual_clusters (id, created_at) \
                      SELECT $1::TEXT, coalesce($2::BIGINT, floor(extract(epoch FROM clock_timestamp()) * 1000)::BIGINT) \
                      ON CONFLICT (id) DO NOTHING";
        let made = transaction.execute(insert, &[&cluster.as_str(), &self.given_time()]).await?;
        let result = match made {
            0 => Err(CreateVirtualClusterError::Exists { cluster: cluster.clone() }),
            _ => Ok(()),
        };
        transaction.end(result).await
    }

    async fn replace_configs(
        &self,
        cluster: &VirtualClusterId,
        seen: &Configs,
        new: &Configs,
    ) -> Result<Result<(), ConfigError>, Trouble> {
        let Some(vc) = self.vc(cluster).await? else {
            return Ok(Err(ConfigError::NoVirtualCluster { cluster: cluster.clone() }));
        };
        let mut transaction = Transaction::begin(&self.pool).await?;
        // The lock comes first: what is read afterwards nobody else replaces.
        transaction.execute("SELECT 1 FROM virtual_clusters WHERE vc = $1 FOR UPDATE", &[&vc.0]).await?;
        let now = configs::read(&transaction.query(configs::OF_CLUSTER, &[&vc.0]).await?)?;
        if now != *seen {
            return transaction.end(Err(ConfigError::Changed)).await;
        }
        configs::set_of_cluster(&mut transaction, vc, new).await?;
        transaction.end(Ok(())).await
    }
}
