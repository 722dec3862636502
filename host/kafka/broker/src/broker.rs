use std::sync::Arc;
use std::time::Duration;

use forebay_kafka_groups::GroupSettings;
use forebay_model::{AgentGroup, AgentId, ByteCount, NodeId, Roles, VirtualClusterId};
use forebay_storage_log::{Reader, Writer};
use forebay_storage_metadata::MetadataStore;
use kafka_protocol::messages::BrokerId;
use tokio::sync::Semaphore;

use crate::apis::fetch::{FetchMemory, Sessions};
use crate::authentication::Logins;
use crate::authorization::Authorizer;
use crate::context::Advertised;
use crate::groups::Coordinator;
use crate::metrics::BrokerMetrics;
use crate::neighbours::Neighbours;
use crate::security::SecuritySettings;
use crate::topics::Topics;

/// Which agent a broker belongs to.
#[derive(Debug, Clone)]
pub struct AgentSettings {
    /// As it is registered in the metadata store.
    pub id: AgentId,
    /// The number by which clients know it.
    pub node: NodeId,
    /// What it does: clients that come for something else are sent on.
    pub roles: Roles,
    /// Whose agents its clients see.
    pub group: Option<AgentGroup>,
    /// How long it goes by what it knows of other agents before it asks again.
    pub remembers_others: Duration,
}

impl AgentSettings {
    /// An agent that does everything and is in no group.
    #[must_use]
    pub fn new(id: AgentId, node: NodeId) -> Self {
        Self { id, node, roles: Roles::DEFAULT, group: None, remembers_others: Duration::from_secs(1) }
    }
}

/// What a broker is told at its start.
#[derive(Debug, Clone)]
pub struct BrokerSettings {
    pub cluster: VirtualClusterId,
    pub agent: AgentSettings,
    pub advertised: Advertised,
    /// The most bytes that one Fetch is answered with, and the most for all that are answered at the same time.
    pub fetch_bytes: ByteCount,
    pub fetch_memory: ByteCount,
    /// How many fetch sessions are kept.
    pub fetch_sessions: usize,
    pub security: SecuritySettings,
    /// What holds for consumer groups where the virtual cluster has nothing set.
    pub groups: GroupSettings,
}

impl BrokerSettings {
    /// Kafka's own limits, with memory for five full answers.
    #[must_use]
    pub fn new(cluster: VirtualClusterId, agent: AgentSettings, advertised: Advertised) -> Self {
        let fetch_bytes = ByteCount::new(55 << 20);
        Self {
            cluster,
            agent,
            advertised,
            fetch_bytes,
            fetch_memory: ByteCount::new(fetch_bytes.get() * 5),
            fetch_sessions: 1_000,
            security: SecuritySettings::default(),
            groups: GroupSettings::default(),
        }
    }
}

/// One virtual cluster's broker. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Broker {
    parts: Arc<Parts>,
}

/// What the APIs work with.
#[derive(Debug)]
pub(crate) struct Parts {
    pub settings: BrokerSettings,
    pub metadata: Arc<dyn MetadataStore>,
    pub writer: Writer,
    pub reader: Reader,
    pub topics: Arc<Topics>,
    pub neighbours: Neighbours,
    pub groups: Arc<Coordinator>,
    pub sessions: Sessions,
    pub fetch_memory: FetchMemory,
    pub metrics: BrokerMetrics,
    pub authorizer: Arc<Authorizer>,
    pub logins: Logins,
    /// Whose turn it is to compress a batch anew: see `apis::produce`.
    pub repacking: Semaphore,
}

impl Broker {
    /// A broker over these stores. The virtual cluster exists already.
    #[must_use]
    pub fn new(
        settings: BrokerSettings,
        metadata: Arc<dyn MetadataStore>,
        writer: Writer,
        reader: Reader,
    ) -> Self {
        Self::measured(settings, metadata, writer, reader, BrokerMetrics::default())
    }

    /// The same, counting in `metrics`.
    #[must_use]
    pub fn measured(
        settings: BrokerSettings,
        metadata: Arc<dyn MetadataStore>,
        writer: Writer,
        reader: Reader,
        metrics: BrokerMetrics,
    ) -> Self {
        let topics = Arc::new(Topics::new(settings.cluster.clone(), Arc::clone(&metadata)));
        let groups = Coordinator::new(Arc::clone(&topics), Arc::clone(&metadata), settings.groups.clone());
        let groups = Arc::new(groups);
        let remembered = settings.agent.remembers_others;
        let neighbours = Neighbours::new(settings.cluster.clone(), Arc::clone(&metadata), remembered);
        let sessions = Sessions::new(settings.fetch_sessions);
        let bytes = usize::try_from(settings.fetch_memory.get()).unwrap_or(usize::MAX);
        let fetch_memory = FetchMemory::new(bytes);
        let repacking = Semaphore::new(1);
        let (cluster, store) = (settings.cluster.clone(), Arc::clone(&metadata));
        let authorizer = Authorizer::new(settings.security.clone(), cluster, store, metrics.clone());
        let authorizer = Arc::new(authorizer);
        let logins = Logins::new(settings.cluster.clone(), Arc::clone(&metadata));
        let parts = Parts {
            settings,
            metadata,
            writer,
            reader,
            topics,
            neighbours,
            groups,
            sessions,
            fetch_memory,
            metrics,
            authorizer,
            logins,
            repacking,
        };
        Self { parts: Arc::new(parts) }
    }

    /// Waits while there is too much that is not flushed.
    pub(crate) async fn relief(&self) {
        if self.parts.writer.load().over().is_some() {
            self.parts.metrics.throttled();
            self.parts.writer.relief().await;
        }
    }

    /// Lets nobody wait any more: who waits in a consumer group is sent away, since another agent coordinates it as well,
    /// and fetches are answered with what there is. What comes later is still answered.
    pub fn retire(&self) {
        self.parts.groups.retire();
    }

    pub(crate) fn parts(&self) -> &Arc<Parts> {
        &self.parts
    }
}

impl Parts {
    pub(crate) fn cluster(&self) -> &VirtualClusterId {
        &self.settings.cluster
    }

    pub(crate) fn node(&self) -> BrokerId {
        BrokerId(self.settings.agent.node.get())
    }
}
