use std::time::Duration;

use async_trait::async_trait;
use forebay_model::{AgentId, NodeId, Roles, Timestamp, VirtualClusterId};
use forebay_storage_metadata::{
    AGENT_SILENCE, AGENTS_KEPT, AgentAddress, AgentDescription, AgentError, Agents, LiveAgent, StoreFailure,
};
use rusqlite::{Connection, OptionalExtension as _, Row, params};
use uuid::Uuid;

use crate::SqliteMetadataStore;
use crate::rows::{Vc, vc_of};
use crate::trouble::Trouble;

#[async_trait]
impl Agents for SqliteMetadataStore {
    async fn register_agent(
        &self,
        cluster: &VirtualClusterId,
        agent: &AgentDescription,
    ) -> Result<NodeId, AgentError> {
        let (cluster, agent) = (cluster.clone(), agent.clone());
        self.write(move |writing| {
            writing.leaves_logs();
            let (connection, now) = (writing.connection, writing.now);
            let Some(vc) = vc_of(connection, &cluster)? else {
                return Ok(Err(AgentError::NoVirtualCluster { cluster }));
            };
            connection
                .prepare_cached("DELETE FROM agents WHERE vc = ?1 AND beat_at < ?2")?
                .execute(params![vc.0, before(now, AGENTS_KEPT)])?;
            let known = connection
                .prepare_cached("SELECT node FROM agents WHERE vc = ?1 AND agent = ?2")?
                .query_row(params![vc.0, agent.id.uuid().as_bytes()], |row| row.get(0))
                .optional()?;
            let number: i64 = match known {
                Some(number) => number,
                None => connection
                    .prepare_cached(
                        "UPDATE virtual_clusters SET next_node = next_node + 1 WHERE vc = ?1 \
                         RETURNING next_node - 1",
                    )?
                    .query_row([vc.0], |row| row.get(0))?,
            };
            let node = node(number)?;
            beat(connection, vc, &agent, node, now)?;
            Ok(Ok(node))
        })
        .await
    }

    async fn agent_heartbeat(
        &self,
        cluster: &VirtualClusterId,
        agent: &AgentDescription,
        node: NodeId,
    ) -> Result<(), AgentError> {
        let (cluster, agent) = (cluster.clone(), agent.clone());
        self.write(move |writing| {
            writing.leaves_logs();
            let Some(vc) = vc_of(writing.connection, &cluster)? else {
                return Ok(Err(AgentError::NoVirtualCluster { cluster }));
            };
            beat(writing.connection, vc, &agent, node, writing.now).map(Ok)
        })
        .await
    }

    async fn deregister_agent(&self, cluster: &VirtualClusterId, agent: AgentId) -> Result<(), StoreFailure> {
        let cluster = cluster.clone();
        self.write(move |writing| {
            writing.leaves_logs();
            let Some(vc) = vc_of(writing.connection, &cluster)? else { return Ok(Ok(())) };
            let mut delete =
                writing.connection.prepare_cached("DELETE FROM agents WHERE vc = ?1 AND agent = ?2")?;
            delete.execute(params![vc.0, agent.uuid().as_bytes()])?;
            Ok(Ok(()))
        })
        .await
    }

    async fn agents(&self, cluster: &VirtualClusterId) -> Result<Vec<LiveAgent>, StoreFailure> {
        let (cluster, now) = (cluster.clone(), self.time());
        self.read(move |connection| {
            let Some(vc) = vc_of(connection, &cluster)? else { return Ok(Ok(Vec::new())) };
            let mut find = connection.prepare_cached(
                "SELECT node, beat_at, agent, host, port, zone, agent_group, roles, pipeline_group, cores, version \
                 FROM agents WHERE vc = ?1 AND beat_at > ?2 ORDER BY node",
            )?;
            let mut rows = find.query(params![vc.0, before(now, AGENT_SILENCE)])?;
            let mut agents = Vec::new();
            while let Some(row) = rows.next()? {
                agents.push(live(row, now)?);
            }
            Ok(Ok(agents))
        })
        .await
    }
}

fn beat(
    connection: &Connection,
    vc: Vc,
    agent: &AgentDescription,
    node: NodeId,
    now: Timestamp,
) -> Result<(), Trouble> {
    let AgentDescription { id, kafka, zone, group, roles, pipeline_group, cores, version } = agent;
    connection
        .prepare_cached(
            "INSERT INTO agents (vc, agent, node, beat_at, host, port, zone, agent_group, roles, pipeline_group, \
             cores, version) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12) \
             ON CONFLICT (vc, agent) DO UPDATE SET beat_at = excluded.beat_at, host = excluded.host, \
             port = excluded.port, zone = excluded.zone, agent_group = excluded.agent_group, \
             roles = excluded.roles, pipeline_group = excluded.pipeline_group, cores = excluded.cores, \
             version = excluded.version",
        )?
        .execute(params![
            vc.0,
            id.uuid().as_bytes(),
            node.get(),
            now.millis(),
            kafka.as_ref().map(|address| &address.host),
            kafka.as_ref().map(|address| address.port),
            zone.as_ref().map(|zone| zone.as_str()),
            group.as_ref().map(|group| group.as_str()),
            roles.to_string(),
            pipeline_group,
            cores,
            version,
        ])?;
    Ok(())
}

fn live(row: &Row<'_>, now: Timestamp) -> Result<LiveAgent, Trouble> {
    let beat_at: i64 = row.get(1)?;
    let silent = u64::try_from(now.millis().saturating_sub(beat_at)).unwrap_or(0);
    let (host, port): (Option<String>, Option<u16>) = (row.get(3)?, row.get(4)?);
    let zone = row.get::<_, Option<String>>(5)?.map(|zone| zone.parse()).transpose();
    let group = row.get::<_, Option<String>>(6)?.map(|group| group.parse()).transpose();
    let roles: String = row.get(7)?;
    let description = AgentDescription {
        id: AgentId::from_uuid(Uuid::from_bytes(row.get(2)?)),
        kafka: host.zip(port).map(|(host, port)| AgentAddress { host, port }),
        zone: zone.map_err(|error| Trouble::Corrupt(format!("agents.zone: {error}")))?,
        group: group.map_err(|error| Trouble::Corrupt(format!("agents.agent_group: {error}")))?,
        // What a newer program calls a role is none to this one.
        roles: roles.split(',').filter_map(|role| role.parse().ok()).collect::<Roles>(),
        pipeline_group: row.get(8)?,
        cores: row.get(9)?,
        version: row.get(10)?,
    };
    Ok(LiveAgent { node: node(row.get(0)?)?, silent: Duration::from_millis(silent), description })
}

fn node(number: i64) -> Result<NodeId, Trouble> {
    NodeId::new(number).map_err(|error| Trouble::Corrupt(format!("agents.node: {error}")))
}

/// A time ago.
fn before(now: Timestamp, ago: Duration) -> i64 {
    now.millis().saturating_sub(i64::try_from(ago.as_millis()).unwrap_or(i64::MAX))
}
