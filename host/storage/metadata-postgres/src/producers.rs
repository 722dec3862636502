use async_trait::async_trait;
use forebay_model::{ProducerEpoch, ProducerId, VirtualClusterId};
use forebay_storage_metadata::{InitProducerError, InitializedProducer, Producers, StoreFailure};

use crate::PostgresMetadataStore;
use crate::tries::tried;
use crate::trouble::Trouble;

const TAKE: &str = "UPDATE virtual_clusters SET next_producer = next_producer + 1 WHERE id = $1 \
                    RETURNING next_producer - 1";

#[async_trait]
impl Producers for PostgresMetadataStore {
    async fn init_producer(
        &self,
        cluster: &VirtualClusterId,
    ) -> Result<InitializedProducer, InitProducerError> {
        // A number that was taken and whose answer was lost is nobody's.
        let rows = tried!(&self.pool, self.pool.query(TAKE, &[&cluster.as_str()]));
        let Some(row) = rows.first() else {
            return Err(InitProducerError::NoVirtualCluster { cluster: cluster.clone() });
        };
        let number: i64 = row.try_get(0).map_err(|error| StoreFailure::from(Trouble::from(error)))?;
        let id = ProducerId::new(number)
            .map_err(|_| StoreFailure::from(Trouble::number("virtual_clusters.next_producer", number)))?;
        Ok(InitializedProducer { id, epoch: ProducerEpoch::ZERO })
    }
}
