use std::collections::HashMap;

use forebay_storage_metadata::Configs;
use tokio_postgres::Row;
use uuid::Uuid;

use crate::rows::Vc;
use crate::transaction::Transaction;
use crate::trouble::Trouble;

pub(crate) const OF_CLUSTER: &str = "SELECT name, value FROM cluster_configs WHERE vc = $1";
const OF_TOPIC: &str = "SELECT name, value FROM topic_configs WHERE vc = $1 AND topic = $2";
pub(crate) const OF_TOPICS: &str =
    "SELECT topic, name, value FROM topic_configs WHERE vc = $1 AND topic = ANY($2)";
pub(crate) const OF_ALL_TOPICS: &str = "SELECT topic, name, value FROM topic_configs WHERE vc = $1";

/// Names and values.
pub(crate) fn read(rows: &[Row]) -> Result<Configs, Trouble> {
    rows.iter()
        .map(|row| Ok((row.try_get::<_, String>(0)?, row.try_get::<_, String>(1)?)))
        .collect::<Result<Configs, Trouble>>()
}

/// Topics, names and values.
pub(crate) fn read_by_topic(rows: &[Row]) -> Result<HashMap<Uuid, Configs>, Trouble> {
    let mut by_topic: HashMap<Uuid, Configs> = HashMap::new();
    for row in rows {
        let configs = by_topic.entry(row.try_get(0)?).or_default();
        configs.set(row.try_get::<_, String>(1)?, row.try_get::<_, String>(2)?);
    }
    Ok(by_topic)
}

/// What was set for a topic.
pub(crate) async fn of_topic(
    transaction: &mut Transaction<'_>,
    vc: Vc,
    topic: Uuid,
) -> Result<Configs, Trouble> {
    read(&transaction.query(OF_TOPIC, &[&vc.0, &topic]).await?)
}

pub(crate) async fn set_of_cluster(
    transaction: &mut Transaction<'_>,
    vc: Vc,
    configs: &Configs,
) -> Result<(), Trouble> {
    transaction.execute("DELETE FROM cluster_configs WHERE vc = $1", &[&vc.0]).await?;
    let (names, values): (Vec<&str>, Vec<&str>) = configs.iter().unzip();
    let insert = "INSERT INTO cluster_configs (vc, name, value) \
                  SELECT $1::BIGINT, c.name, c.value FROM unnest($2::TEXT[], $3::TEXT[]) AS c(name, value)";
    transaction.execute(insert, &[&vc.0, &names, &values]).await?;
    Ok(())
}

pub(crate) async fn set_of_topic(
    transaction: &mut Transaction<'_>,
    vc: Vc,
    topic: Uuid,
    configs: &Configs,
) -> Result<(), Trouble> {
    transaction.execute("DELETE FROM topic_configs WHERE vc = $1 AND topic = $2", &[&vc.0, &topic]).await?;
    let (names, values): (Vec<&str>, Vec<&str>) = configs.iter().unzip();
    let insert = "INSERT INTO topic_configs (vc, topic, name, value) \
                  SELECT $1::BIGINT, $2::UUID, c.name, c.value \
                  FROM unnest($3::TEXT[], $4::TEXT[]) AS c(name, value)";
    transaction.execute(insert, &[&vc.0, &topic, &names, &values]).await?;
    Ok(())
}
