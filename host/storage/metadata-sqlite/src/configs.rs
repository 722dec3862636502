use forebay_storage_metadata::Configs;
use rusqlite::{Connection, params};

use crate::rows::Vc;
use crate::trouble::Trouble;

/// What was set for a virtual cluster.
pub(crate) fn of_cluster(connection: &Connection, vc: Vc) -> Result<Configs, Trouble> {
    let mut find = connection.prepare_cached("SELECT name, value FROM cluster_configs WHERE vc = ?1")?;
    let rows = find.query_map([vc.0], |row| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// What was set for a topic.
pub(crate) fn of_topic(connection: &Connection, vc: Vc, topic: &[u8; 16]) -> Result<Configs, Trouble> {
    let mut find =
        connection.prepare_cached("SELECT name, value FROM topic_configs WHERE vc = ?1 AND topic = ?2")?;
    let rows =
        find.query_map(params![vc.0, topic], |row| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

pub(crate) fn set_of_cluster(connection: &Connection, vc: Vc, configs: &Configs) -> Result<(), Trouble> {
    connection.prepare_cached("DELETE FROM cluster_configs WHERE vc = ?1")?.execute([vc.0])?;
    let mut insert =
        connection.prepare_cached("INSERT INTO cluster_configs (vc, name, value) VALUES (?1, ?2, ?3)")?;
    for (name, value) in configs.iter() {
        insert.execute(params![vc.0, name, value])?;
    }
    Ok(())
}

pub(crate) fn set_of_topic(
    connection: &Connection,
    vc: Vc,
    topic: &[u8; 16],
    configs: &Configs,
) -> Result<(), Trouble> {
    connection
        .prepare_cached("DELETE FROM topic_configs WHERE vc = ?1 AND topic = ?2")?
        .execute(params![vc.0, topic])?;
    let mut insert = connection
        .prepare_cached("INSERT INTO topic_configs (vc, topic, name, value) VALUES (?1, ?2, ?3, ?4)")?;
    for (name, value) in configs.iter() {
        insert.execute(params![vc.0, topic, name, value])?;
    }
    Ok(())
}
