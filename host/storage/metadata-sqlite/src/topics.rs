use async_trait::async_trait;
use forebay_lifecycle::chance;
use forebay_model::{PartitionCount, Timestamp, TopicId, VirtualClusterId};
use forebay_storage_metadata::{
    AddPartitionsError, ConfigError, Configs, CreateTopicError, DeleteTopicError, NewTopic, StoreFailure,
    TopicDescription, TopicSelection, Topics,
};
use rusqlite::{Connection, OptionalExtension as _, Params, params};

use crate::SqliteMetadataStore;
use crate::configs;
use crate::ends::Effect;
use crate::rows::{Vc, partition_count, topic_id, topic_name, vc_of};
use crate::trouble::Trouble;
use crate::writer::Writing;

#[async_trait]
impl Topics for SqliteMetadataStore {
    async fn create_topic(
        &self,
        cluster: &VirtualClusterId,
        topic: &NewTopic,
    ) -> Result<TopicDescription, CreateTopicError> {
        let (cluster, topic) = (cluster.clone(), topic.clone());
        let id = TopicId::from_random(chance::bits());
        self.write(move |writing| {
            let Some(vc) = vc_of(writing.connection, &cluster)? else {
                return Ok(Err(CreateTopicError::NoVirtualCluster { cluster }));
            };
            create(writing, vc, id, topic)
        })
        .await
    }

    async fn describe_topics(
        &self,
        cluster: &VirtualClusterId,
        selection: &TopicSelection,
    ) -> Result<Vec<TopicDescription>, StoreFailure> {
        let (cluster, selection) = (cluster.clone(), selection.clone());
        self.read(move |connection| match vc_of(connection, &cluster)? {
            Some(vc) => describe(connection, vc, &selection).map(Ok),
            None => Ok(Ok(Vec::new())),
        })
        .await
    }

    async fn delete_topic(&self, cluster: &VirtualClusterId, topic: TopicId) -> Result<(), DeleteTopicError> {
        let cluster = cluster.clone();
        self.write(move |writing| {
            let Some((vc, partitions)) = partitions(writing.connection, &cluster, topic)? else {
                return Ok(Err(DeleteTopicError::NoTopic { cluster, topic }));
            };
            let id = topic.uuid();
            writing
                .connection
                .prepare_cached("UPDATE topics SET deleted_at = ?3 WHERE vc = ?1 AND topic = ?2")?
                .execute(params![vc.0, id.as_bytes(), writing.now.millis()])?;
            writing
                .connection
                .prepare_cached("UPDATE logs SET is_deleted = 1 WHERE vc = ?1 AND topic = ?2")?
                .execute(params![vc.0, id.as_bytes()])?;
            writing.then(Effect::Deleted(vc, topic, partitions.get()));
            Ok(Ok(()))
        })
        .await
    }

    async fn add_partitions(
        &self,
        cluster: &VirtualClusterId,
        topic: TopicId,
        total: PartitionCount,
    ) -> Result<(), AddPartitionsError> {
        let cluster = cluster.clone();
        self.write(move |writing| {
            let Some((vc, has)) = partitions(writing.connection, &cluster, topic)? else {
                return Ok(Err(AddPartitionsError::NoTopic { cluster, topic }));
            };
            if total <= has {
                return Ok(Err(AddPartitionsError::NotMore { has }));
            }
            writing
                .connection
                .prepare_cached("UPDATE topics SET partitions = ?3 WHERE vc = ?1 AND topic = ?2")?
                .execute(params![vc.0, topic.uuid().as_bytes(), total.get()])?;
            insert_logs(writing, vc, topic, has.get()..total.get()).map(Ok)
        })
        .await
    }

    async fn replace_topic_configs(
        &self,
        cluster: &VirtualClusterId,
        topic: TopicId,
        seen: &Configs,
        new: &Configs,
    ) -> Result<(), ConfigError> {
        let (cluster, seen, new) = (cluster.clone(), seen.clone(), new.clone());
        self.write(move |writing| {
            let Some((vc, _)) = partitions(writing.connection, &cluster, topic)? else {
                return Ok(Err(ConfigError::NoTopic { cluster, topic }));
            };
            let id = topic.uuid();
            if configs::of_topic(writing.connection, vc, id.as_bytes())? != seen {
                return Ok(Err(ConfigError::Changed));
            }
            configs::set_of_topic(writing.connection, vc, id.as_bytes(), &new).map(Ok)
        })
        .await
    }
}

fn create(
    writing: &Writing<'_>,
    vc: Vc,
    id: TopicId,
    topic: NewTopic,
) -> Result<Result<TopicDescription, CreateTopicError>, Trouble> {
    let NewTopic { name, partitions, configs } = topic;
    let key = name.collision_key();
    let mut find = writing.connection.prepare_cached(
        "SELECT name FROM topics WHERE vc = ?1 AND collision_key = ?2 AND deleted_at IS NULL",
    )?;
    let other: Option<String> = find.query_row(params![vc.0, key], |row| row.get(0)).optional()?;
    if let Some(other) = other {
        let other = topic_name(&other)?;
        return Ok(Err(if other == name {
            CreateTopicError::Exists { name }
        } else {
            CreateTopicError::Collides { name, other }
        }));
    }
    let created_at = writing.now;
    writing
        .connection
        .prepare_cached(
            "INSERT INTO topics (vc, topic, name, collision_key, partitions, created_at) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        )?
        .execute(params![
            vc.0,
            id.uuid().as_bytes(),
            name.as_str(),
            key,
            partitions.get(),
            created_at.millis()
        ])?;
    configs::set_of_topic(writing.connection, vc, id.uuid().as_bytes(), &configs)?;
    insert_logs(writing, vc, id, 0..partitions.get())?;
    Ok(Ok(TopicDescription { id, name, partitions, configs, created_at }))
}

fn insert_logs(
    writing: &Writing<'_>,
    vc: Vc,
    topic: TopicId,
    partitions: std::ops::Range<i32>,
) -> Result<(), Trouble> {
    let mut insert =
        writing.connection.prepare_cached("INSERT INTO logs (vc, topic, partition) VALUES (?1, ?2, ?3)")?;
    for partition in partitions {
        insert.execute(params![vc.0, topic.uuid().as_bytes(), partition])?;
    }
    Ok(())
}

/// Where a topic is, and how many partitions it has.
fn partitions(
    connection: &Connection,
    cluster: &VirtualClusterId,
    topic: TopicId,
) -> Result<Option<(Vc, PartitionCount)>, Trouble> {
    let Some(vc) = vc_of(connection, cluster)? else { return Ok(None) };
    let mut find = connection.prepare_cached(
        "SELECT partitions FROM topics WHERE vc = ?1 AND topic = ?2 AND deleted_at IS NULL",
    )?;
    let found: Option<i32> =
        find.query_row(params![vc.0, topic.uuid().as_bytes()], |row| row.get(0)).optional()?;
    Ok(match found {
        Some(partitions) => Some((vc, partition_count(partitions)?)),
        None => None,
    })
}

const COLUMNS: &str = "topic, name, partitions, created_at";

fn describe(
    connection: &Connection,
    vc: Vc,
    selection: &TopicSelection,
) -> Result<Vec<TopicDescription>, Trouble> {
    let mut topics = Vec::new();
    match selection {
        TopicSelection::All => {
            let all =
                format!("SELECT {COLUMNS} FROM topics WHERE vc = ?1 AND deleted_at IS NULL ORDER BY name");
            add(connection, vc, &all, [vc.0], &mut topics)?;
        }
        TopicSelection::Names(names) => {
            let one = format!(
                "SELECT {COLUMNS} FROM topics WHERE vc = ?1 AND collision_key = ?2 AND name = ?3 AND deleted_at IS NULL"
            );
            for name in names {
                add(connection, vc, &one, params![vc.0, name.collision_key(), name.as_str()], &mut topics)?;
            }
        }
        TopicSelection::Ids(ids) => {
            let one =
                format!("SELECT {COLUMNS} FROM topics WHERE vc = ?1 AND topic = ?2 AND deleted_at IS NULL");
            for id in ids {
                add(connection, vc, &one, params![vc.0, id.uuid().as_bytes()], &mut topics)?;
            }
        }
    }
    Ok(topics)
}

fn add(
    connection: &Connection,
    vc: Vc,
    statement: &str,
    parameters: impl Params,
    topics: &mut Vec<TopicDescription>,
) -> Result<(), Trouble> {
    let mut find = connection.prepare_cached(statement)?;
    let mut rows = find.query(parameters)?;
    while let Some(row) = rows.next()? {
        let id: [u8; 16] = row.get(0)?;
        topics.push(TopicDescription {
            id: topic_id(id),
            name: topic_name(row.get_ref(1)?.as_str().map_err(rusqlite::Error::from)?)?,
            partitions: partition_count(row.get(2)?)?,
            created_at: Timestamp::from_millis(row.get(3)?),
            configs: configs::of_topic(connection, vc, &id)?,
        });
    }
    Ok(())
}
