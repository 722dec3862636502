use std::time::Duration;

use async_trait::async_trait;
use forebay_model::{AgentId, NodeId, Roles, VirtualClusterId};
use forebay_storage_metadata::{
    AGENT_SILENCE, AGENTS_KEPT, AgentAddress, AgentDescription, AgentError, Agents, LiveAgent, StoreFailure,
};
use tokio_postgres::Row;

use crate::PostgresMetadataStore;
use crate::rows::Vc;
use crate::tries::tried;
use crate::trouble::Trouble;

/// The number stays what it was. It is the same row of the same page mostly, and no index changes.
pub(crate) const BEAT: &str = "\
    INSERT INTO agents (vc, agent, node, beat_at, host, port, zone, agent_group, roles, pipeline_group, cores, \
        version) \
    VALUES ($1, $2, $3, coalesce($4::BIGINT, floor(extract(epoch FROM clock_timestamp()) * 1000)::BIGINT), \
        $5, $6, $7, $8, $9, $10, $11, $12) \
    ON CONFLICT (vc, agent) DO UPDATE SET beat_at = excluded.beat_at, host = excluded.host, port = excluded.port, \
        zone = excluded.zone, agent_group = excluded.agent_group, roles = excluded.roles, \
        pipeline_group = excluded.pipeline_group, cores = excluded.cores, version = excluded.version \
    RETURNING node";

pub(crate) const LIST: &str = "\
    SELECT a.node, t.time - a.beat_at, a.agent, a.host, a.port, a.zone, a.agent_group, a.roles, a.pipeline_group, \
        a.cores, a.version \
    FROM (SELECT coalesce($2::BIGINT, floor(extract(epoch FROM clock_timestamp()) * 1000)::BIGINT) AS time) AS t \
    JOIN agents a ON a.vc = $1 AND a.beat_at > t.time - $3 ORDER BY a.node";

const KNOWN: &str = "SELECT node FROM agents WHERE vc = $1 AND agent = $2";
const TAKE: &str =
    "UPDATE virtual_clusters SET next_node = next_node + 1 WHERE vc = $1 RETURNING next_node - 1";
const FORGET: &str = "\
    DELETE FROM agents WHERE vc = $1 AND beat_at < \
        coalesce($2::BIGINT, floor(extract(epoch FROM clock_timestamp()) * 1000)::BIGINT) - $3";
const REMOVE: &str = "DELETE FROM agents WHERE vc = $1 AND agent = $2";

#[async_trait]
impl Agents for PostgresMetadataStore {
    async fn register_agent(
        &self,
        cluster: &VirtualClusterId,
        agent: &AgentDescription,
    ) -> Result<NodeId, AgentError> {
        let Some(vc) = tried!(&self.pool, self.vc(cluster)) else {
            return Err(AgentError::NoVirtualCluster { cluster: cluster.clone() });
        };
        // No transaction: each step may be done again, and a number that was taken in vain is nobody's.
        let kept = millis(AGENTS_KEPT);
        tried!(&self.pool, self.pool.query(FORGET, &[&vc.0, &self.given_time(), &kept]));
        let known = tried!(&self.pool, self.pool.query(KNOWN, &[&vc.0, &agent.id.uuid()]));
        let mut rows = known;
        if rows.is_empty() {
            rows = tried!(&self.pool, self.pool.query(TAKE, &[&vc.0]));
        }
        let node = node(rows.first()).map_err(StoreFailure::from)?;
        Ok(self.beat(vc, agent, node).await?)
    }

    async fn agent_heartbeat(
        &self,
        cluster: &VirtualClusterId,
        agent: &AgentDescription,
        node: NodeId,
    ) -> Result<(), AgentError> {
        let Some(vc) = tried!(&self.pool, self.vc(cluster)) else {
            return Err(AgentError::NoVirtualCluster { cluster: cluster.clone() });
        };
        self.beat(vc, agent, node).await?;
        Ok(())
    }

    async fn deregister_agent(&self, cluster: &VirtualClusterId, agent: AgentId) -> Result<(), StoreFailure> {
        if let Some(vc) = tried!(&self.pool, self.vc(cluster)) {
            tried!(&self.pool, self.pool.query(REMOVE, &[&vc.0, &agent.uuid()]));
        }
        Ok(())
    }

    async fn agents(&self, cluster: &VirtualClusterId) -> Result<Vec<LiveAgent>, StoreFailure> {
        let Some(vc) = tried!(&self.pool, self.vc(cluster)) else { return Ok(Vec::new()) };
        let silence = millis(AGENT_SILENCE);
        let rows = tried!(&self.pool, self.pool.query(LIST, &[&vc.0, &self.given_time(), &silence]));
        Ok(rows.iter().map(live).collect::<Result<_, Trouble>>()?)
    }
}

impl PostgresMetadataStore {
    /// Writes what an agent says of itself: the number that it has.
    async fn beat(&self, vc: Vc, agent: &AgentDescription, number: NodeId) -> Result<NodeId, StoreFailure> {
        let AgentDescription { id, kafka, zone, group, roles, pipeline_group, cores, version } = agent;
        let host = kafka.as_ref().map(|address| &address.host);
        let port = kafka.as_ref().map(|address| i64::from(address.port));
        let zone = zone.as_ref().map(|zone| zone.as_str());
        let group = group.as_ref().map(|group| group.as_str());
        let (id, number, cores) = (id.uuid(), i64::from(number.get()), i64::from(*cores));
        let (time, roles) = (self.given_time(), roles.to_string());
        let rows = tried!(
            &self.pool,
            self.pool.query(
                BEAT,
                &[
                    &vc.0,
                    &id,
                    &number,
                    &time,
                    &host,
                    &port,
                    &zone,
                    &group,
                    &roles,
                    pipeline_group,
                    &cores,
                    version
                ]
            )
        );
        Ok(node(rows.first())?)
    }
}

fn live(row: &Row) -> Result<LiveAgent, Trouble> {
    let silent: i64 = row.try_get(1)?;
    let host: Option<String> = row.try_get(3)?;
    let port: Option<i64> = row.try_get(4)?;
    let zone = row.try_get::<_, Option<&str>>(5)?.map(str::parse).transpose();
    let group = row.try_get::<_, Option<&str>>(6)?.map(str::parse).transpose();
    let roles: &str = row.try_get(7)?;
    let port = port.map(|port| u16::try_from(port).map_err(|_| Trouble::number("agents.port", port)));
    let cores: i64 = row.try_get(9)?;
    let description = AgentDescription {
        id: AgentId::from_uuid(row.try_get(2)?),
        kafka: host.zip(port.transpose()?).map(|(host, port)| AgentAddress { host, port }),
        zone: zone.map_err(|error| Trouble::Corrupt(format!("agents.zone: {error}")))?,
        group: group.map_err(|error| Trouble::Corrupt(format!("agents.agent_group: {error}")))?,
        // What a newer program calls a role is none to this one.
        roles: roles.split(',').filter_map(|role| role.parse().ok()).collect::<Roles>(),
        pipeline_group: row.try_get(8)?,
        cores: u32::try_from(cores).map_err(|_| Trouble::number("agents.cores", cores))?,
        version: row.try_get(10)?,
    };
    let silent = Duration::from_millis(u64::try_from(silent).unwrap_or(0));
    Ok(LiveAgent { node: node(Some(row))?, silent, description })
}

/// The number in the first column.
fn node(row: Option<&Row>) -> Result<NodeId, Trouble> {
    let row = row.ok_or_else(|| Trouble::Corrupt("an agent has no row".to_owned()))?;
    let number: i64 = row.try_get(0)?;
    NodeId::new(number).map_err(|error| Trouble::Corrupt(format!("agents.node: {error}")))
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}
