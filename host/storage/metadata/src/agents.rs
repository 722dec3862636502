use std::time::Duration;

use async_trait::async_trait;
use forebay_model::{AgentGroup, AgentId, AvailabilityZone, NodeId, Role, Roles, VirtualClusterId};

use crate::{Kind, StoreFailure};

/// Whoever was not heard of for so long is gone.
pub const AGENT_SILENCE: Duration = Duration::from_secs(20);

/// So long after its last sign of life an agent may come back under its number without registering again. What is older
/// is forgotten when the next agent registers.
pub const AGENTS_KEPT: Duration = Duration::from_hours(24);

/// The agents of a virtual cluster, which know of each other by this alone.
///
/// A sign of life is one row that is written again; a list is one look at as many rows as there are agents.
#[async_trait]
pub trait Agents: Send + Sync {
    /// Makes an agent known, and gives it a number that no other agent of this virtual cluster had or will have. Asked
    /// again for the same id it is the same number, while the agent is kept.
    ///
    /// # Errors
    /// When there is no such virtual cluster.
    async fn register_agent(
        &self,
        cluster: &VirtualClusterId,
        agent: &AgentDescription,
    ) -> Result<NodeId, AgentError>;

    /// A sign of life of an agent that has registered, with what it says of itself by now. May be asked again and again.
    ///
    /// # Errors
    /// When there is no such virtual cluster.
    async fn agent_heartbeat(
        &self,
        cluster: &VirtualClusterId,
        agent: &AgentDescription,
        node: NodeId,
    ) -> Result<(), AgentError>;

    /// An agent stops: from now on it is not told of. Its number is nobody's.
    ///
    /// # Errors
    /// When the store can't be asked.
    async fn deregister_agent(&self, cluster: &VirtualClusterId, agent: AgentId) -> Result<(), StoreFailure>;

    /// Those that were heard of within [`AGENT_SILENCE`], by the store's clock; by number.
    ///
    /// # Errors
    /// When the store can't be asked.
    async fn agents(&self, cluster: &VirtualClusterId) -> Result<Vec<LiveAgent>, StoreFailure>;
}

/// What an agent says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AgentDescription {
    /// Made at its start.
    pub id: AgentId,
    /// Where Kafka's clients come, if any do.
    pub kafka: Option<AgentAddress>,
    /// Where it is, if that is known.
    pub zone: Option<AvailabilityZone>,
    /// What it is one of, if of anything.
    pub group: Option<AgentGroup>,
    /// What it does.
    pub roles: Roles,
    /// Of which pipelines it takes part, as `-managedPipelinesGroupName` has it.
    pub pipeline_group: Option<String>,
    /// How many cores it may use.
    pub cores: u32,
    /// Of the program.
    pub version: String,
}

/// Where clients are told to come.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AgentAddress {
    /// A name, or an address of either family.
    pub host: String,
    /// The port.
    pub port: u16,
}

/// An agent that was heard of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LiveAgent {
    /// Its number.
    pub node: NodeId,
    /// Since when it was not heard of.
    pub silent: Duration,
    /// What it said last.
    pub description: AgentDescription,
}

/// How many of these run the pipelines of a group, or those of none.
#[must_use]
pub fn pipeline_agents(agents: &[LiveAgent], group: Option<&str>) -> usize {
    let runs = |agent: &&LiveAgent| {
        let AgentDescription { roles, pipeline_group, .. } = &agent.description;
        roles.has(Role::Pipelines) && pipeline_group.as_deref() == group
    };
    agents.iter().filter(runs).count()
}

/// Why an agent is not known.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AgentError {
    /// There is no such virtual cluster.
    #[error("there is no virtual cluster {cluster}")]
    NoVirtualCluster {
        /// Which.
        cluster: VirtualClusterId,
    },
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreFailure),
}

impl AgentError {
    /// What to do about it.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        match self {
            Self::NoVirtualCluster { .. } => Kind::NotFound,
            Self::Store(failure) => failure.kind(),
        }
    }
}
