use async_trait::async_trait;
use forebay_model::{ProducerEpoch, ProducerId, VirtualClusterId};
use forebay_storage_metadata::{InitProducerError, InitializedProducer, Producers};
use rusqlite::{OptionalExtension as _, params};

use crate::SqliteMetadataStore;
use crate::trouble::Trouble;

#[async_trait]
impl Producers for SqliteMetadataStore {
    async fn init_producer(
        &self,
        cluster: &VirtualClusterId,
    ) -> Result<InitializedProducer, InitProducerError> {
        let cluster = cluster.clone();
        self.write(move |writing| {
            writing.leaves_logs();
            let mut take = writing.connection.prepare_cached(
                "UPDATE virtual_clusters SET next_producer = next_producer + 1 WHERE id = ?1 \
                 RETURNING next_producer - 1",
            )?;
            let taken: Option<i64> =
                take.query_row(params![cluster.as_str()], |row| row.get(0)).optional()?;
            let Some(number) = taken else { return Ok(Err(InitProducerError::NoVirtualCluster { cluster })) };
            let id = ProducerId::new(number)
                .map_err(|_| Trouble::number("virtual_clusters.next_producer", number))?;
            Ok(Ok(InitializedProducer { id, epoch: ProducerEpoch::ZERO }))
        })
        .await
    }
}
