use std::collections::HashMap;

use async_trait::async_trait;
use forebay_lifecycle::chance;
use forebay_model::{PartitionCount, Timestamp, TopicId, VirtualClusterId};
use forebay_storage_metadata::{
    AddPartitionsError, ConfigError, Configs, CreateTopicError, DeleteTopicError, NewTopic, StoreFailure,
    TopicDescription, TopicSelection, Topics,
};
use tokio_postgres::Row;
use uuid::Uuid;

use crate::PostgresMetadataStore;
use crate::configs;
use crate::rows::{Vc, partition_count, topic_name};
use crate::transaction::Transaction;
use crate::tries::tried;
use crate::trouble::Trouble;

const ALL: &str = "SELECT topic, name, partitions, created_at FROM topics \
                   WHERE vc = $1 AND deleted_at IS NULL";
const BY_NAME: &str = "SELECT t.topic, t.name, t.partitions, t.created_at, k.place \
                       FROM unnest($2::TEXT[], $3::TEXT[]) WITH ORDINALITY AS k(collision_key, name, place) \
                       JOIN topics t ON t.vc = $1 AND t.collision_key = k.collision_key AND t.name = k.name \
                       AND t.deleted_at IS NULL ORDER BY k.place";
const BY_ID: &str = "SELECT t.topic, t.name, t.partitions, t.created_at, k.place \
                     FROM unnest($2::UUID[]) WITH ORDINALITY AS k(topic, place) \
                     JOIN topics t ON t.vc = $1 AND t.topic = k.topic AND t.deleted_at IS NULL ORDER BY k.place";
const LOCK: &str =
    "SELECT partitions FROM topics WHERE vc = $1 AND topic = $2 AND deleted_at IS NULL FOR UPDATE";

#[async_trait]
impl Topics for PostgresMetadataStore {
    async fn create_topic(
        &self,
        cluster: &VirtualClusterId,
        topic: &NewTopic,
    ) -> Result<TopicDescription, CreateTopicError> {
        let id = TopicId::from_random(chance::bits());
        tried!(&self.pool, self.create(cluster, id, topic))
    }

    async fn describe_topics(
        &self,
        cluster: &VirtualClusterId,
        selection: &TopicSelection,
    ) -> Result<Vec<TopicDescription>, StoreFailure> {
        Ok(tried!(&self.pool, self.describe(cluster, selection)))
    }

    async fn delete_topic(&self, cluster: &VirtualClusterId, topic: TopicId) -> Result<(), DeleteTopicError> {
        tried!(&self.pool, self.delete(cluster, topic))
    }

    async fn add_partitions(
        &self,
        cluster: &VirtualClusterId,
        topic: TopicId,
        total: PartitionCount,
    ) -> Result<(), AddPartitionsError> {
        tried!(&self.pool, self.add(cluster, topic, total))
    }

    async fn replace_topic_configs(
        &self,
        cluster: &VirtualClusterId,
        topic: TopicId,
        seen: &Configs,
        new: &Configs,
    ) -> Result<(), ConfigError> {
        tried!(&self.pool, self.replace(cluster, topic, seen, new))
    }
}

impl PostgresMetadataStore {
    async fn create(
        &self,
        cluster: &VirtualClusterId,
        id: TopicId,
        topic: &NewTopic,
    ) -> Result<Result<TopicDescription, CreateTopicError>, Trouble> {
        let Some(vc) = self.vc(cluster).await? else {
            return Ok(Err(CreateTopicError::NoVirtualCluster { cluster: cluster.clone() }));
        };
        let NewTopic { name, partitions, configs } = topic.clone();
        let mut transaction = Transaction::begin(&self.pool).await?;
        let key = name.collision_key();
        let find = "SELECT name FROM topics WHERE vc = $1 AND collision_key = $2 AND deleted_at IS NULL";
        if let Some(row) = transaction.query_first(find, &[&vc.0, &key]).await? {
            let other = topic_name(row.try_get(0)?)?;
            let error = if other == name {
                CreateTopicError::Exists { name }
            } else {
                CreateTopicError::Collides { name, other }
            };
            return transaction.end(Err(error)).await;
        }
        let created_at = self.time(&mut transaction).await?;
        // Somebody else may make it at the same time: the index then refuses one, which looks again.
        let insert = "INSERT INTO topics (vc, topic, name, collision_key, partitions, created_at) \
                      VALUES ($1, $2, $3, $4, $5, $6)";
        let count = i64::from(partitions.get());
        transaction
            .execute(insert, &[&vc.0, &id.uuid(), &name.as_str(), &key, &count, &created_at.millis()])
            .await?;
        configs::set_of_topic(&mut transaction, vc, id.uuid(), &configs).await?;
        insert_logs(&mut transaction, vc, id, 0..count).await?;
        transaction.end(Ok(TopicDescription { id, name, partitions, configs, created_at })).await
    }

    async fn describe(
        &self,
        cluster: &VirtualClusterId,
        selection: &TopicSelection,
    ) -> Result<Vec<TopicDescription>, Trouble> {
        let Some(vc) = self.vc(cluster).await? else { return Ok(Vec::new()) };
        let mut transaction = Transaction::snapshot(&self.pool).await?;
        let rows = match selection {
            TopicSelection::All => transaction.query(ALL, &[&vc.0]).await?,
            TopicSelection::Names(names) => {
                let keys: Vec<String> = names.iter().map(|name| name.collision_key()).collect();
                let names: Vec<&str> = names.iter().map(|name| name.as_str()).collect();
                transaction.query(BY_NAME, &[&vc.0, &keys, &names]).await?
            }
            TopicSelection::Ids(ids) => {
                let ids: Vec<Uuid> = ids.iter().map(|id| id.uuid()).collect();
                transaction.query(BY_ID, &[&vc.0, &ids]).await?
            }
        };
        let configs = match selection {
            TopicSelection::All => transaction.query(configs::OF_ALL_TOPICS, &[&vc.0]).await?,
            TopicSelection::Names(_) | TopicSelection::Ids(_) => {
                let ids = rows.iter().map(|row| row.try_get(0)).collect::<Result<Vec<Uuid>, _>>()?;
                transaction.query(configs::OF_TOPICS, &[&vc.0, &ids]).await?
            }
        };
        transaction.commit().await?;
        let configs = configs::read_by_topic(&configs)?;
        let mut topics = rows.iter().map(|row| read(row, &configs)).collect::<Result<Vec<_>, _>>()?;
        if *selection == TopicSelection::All {
            // In the order of bytes, whatever the language of the database is.
            topics.sort_by(|one, other| one.name.as_str().cmp(other.name.as_str()));
        }
        Ok(topics)
    }

    async fn delete(
        &self,
        cluster: &VirtualClusterId,
        topic: TopicId,
    ) -> Result<Result<(), DeleteTopicError>, Trouble> {
        let missing = || DeleteTopicError::NoTopic { cluster: cluster.clone(), topic };
        let Some(vc) = self.vc(cluster).await? else { return Ok(Err(missing())) };
        let mut transaction = Transaction::begin(&self.pool).await?;
        let id = topic.uuid();
        if transaction.query_first(LOCK, &[&vc.0, &id]).await?.is_none() {
            return transaction.end(Err(missing())).await;
        }
        let now = self.time(&mut transaction).await?.millis();
        // In the order of commits.
        let lock = "SELECT log FROM logs WHERE vc = $1 AND topic = $2 ORDER BY partition FOR UPDATE";
        transaction.execute(lock, &[&vc.0, &id]).await?;
        let delete = "UPDATE topics SET deleted_at = $3 WHERE vc = $1 AND topic = $2";
        transaction.execute(delete, &[&vc.0, &id, &now]).await?;
        let delete = "UPDATE logs SET is_deleted = TRUE WHERE vc = $1 AND topic = $2";
        transaction.execute(delete, &[&vc.0, &id]).await?;
        transaction.end(Ok(())).await
    }

    async fn add(
        &self,
        cluster: &VirtualClusterId,
        topic: TopicId,
        total: PartitionCount,
    ) -> Result<Result<(), AddPartitionsError>, Trouble> {
        let missing = || AddPartitionsError::NoTopic { cluster: cluster.clone(), topic };
        let Some(vc) = self.vc(cluster).await? else { return Ok(Err(missing())) };
        let mut transaction = Transaction::begin(&self.pool).await?;
        let Some(row) = transaction.query_first(LOCK, &[&vc.0, &topic.uuid()]).await? else {
            return transaction.end(Err(missing())).await;
        };
        let has = partition_count(row.try_get(0)?)?;
        if total <= has {
            return transaction.end(Err(AddPartitionsError::NotMore { has })).await;
        }
        let update = "UPDATE topics SET partitions = $3 WHERE vc = $1 AND topic = $2";
        transaction.execute(update, &[&vc.0, &topic.uuid(), &i64::from(total.get())]).await?;
        insert_logs(&mut transaction, vc, topic, has.get().into()..total.get().into()).await?;
        transaction.end(Ok(())).await
    }

    async fn replace(
        &self,
        cluster: &VirtualClusterId,
        topic: TopicId,
        seen: &Configs,
        new: &Configs,
    ) -> Result<Result<(), ConfigError>, Trouble> {
        let missing = || ConfigError::NoTopic { cluster: cluster.clone(), topic };
        let Some(vc) = self.vc(cluster).await? else { return Ok(Err(missing())) };
        let mut transaction = Transaction::begin(&self.pool).await?;
        if transaction.query_first(LOCK, &[&vc.0, &topic.uuid()]).await?.is_none() {
            return transaction.end(Err(missing())).await;
        }
        if configs::of_topic(&mut transaction, vc, topic.uuid()).await? != *seen {
            return transaction.end(Err(ConfigError::Changed)).await;
        }
        configs::set_of_topic(&mut transaction, vc, topic.uuid(), new).await?;
        transaction.end(Ok(())).await
    }
}

async fn insert_logs(
    transaction: &mut Transaction<'_>,
    vc: Vc,
    topic: TopicId,
    partitions: std::ops::Range<i64>,
) -> Result<(), Trouble> {
    let insert = "INSERT INTO logs (vc, topic, partition) \
                  SELECT $1::BIGINT, $2::UUID, p FROM generate_series($3::BIGINT, $4::BIGINT - 1) AS p";
    transaction.execute(insert, &[&vc.0, &topic.uuid(), &partitions.start, &partitions.end]).await?;
    Ok(())
}

fn read(row: &Row, configs: &HashMap<Uuid, Configs>) -> Result<TopicDescription, Trouble> {
    let id: Uuid = row.try_get(0)?;
    Ok(TopicDescription {
        id: TopicId::from_uuid(id),
        name: topic_name(row.try_get(1)?)?,
        partitions: partition_count(row.try_get(2)?)?,
        created_at: Timestamp::from_millis(row.try_get(3)?),
        configs: configs.get(&id).cloned().unwrap_or_default(),
    })
}
