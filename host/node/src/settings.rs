use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use forebay_kafka_broker::{GroupSettings, Limits, SecuritySettings, TlsSettings};
use forebay_lifecycle::chance;
use forebay_model::{AgentGroup, AgentId, ByteCount, Roles, VirtualClusterId};
use forebay_storage_log::{CompactorSettings, WriterSettings};
use forebay_storage_metadata::{AgentDescription, Configs};

use crate::cleaning::CleaningSettings;
use crate::heartbeats::HEARTBEAT_EVERY;
use crate::machine::Machine;
use crate::zone::ZoneSource;

/// What an agent is told at its start.
#[derive(Debug, Clone)]
pub struct NodeSettings {
    /// The virtual cluster that is served. It is made where there is none.
    pub cluster: VirtualClusterId,
    /// What is set for the virtual cluster where it has no value of its own.
    pub cluster_configs: Configs,
    /// What the agent does. Clients come, and what nobody waits for is done, where the roles and the settings for it say so.
    pub roles: Roles,
    /// Its clients see the agents of this group alone.
    pub agent_group: Option<AgentGroup>,
    /// Of which pipelines it takes part, for the others to know.
    pub pipeline_group: Option<String>,
    /// Whether its pipelines may do in its cluster what ACLs allow them; otherwise they may do everything.
    pub pipelines_obey_acls: bool,
    /// From where it knows its availability zone.
    pub zone: ZoneSource,
    /// From one sign of life to the next.
    pub heartbeat_every: Duration,
    /// Where Kafka's clients come. Port 0 takes any that is free; none serves no clients.
    pub kafka: Option<SocketAddr>,
    /// Where `/v1/status` and `/metrics` are.
    pub http: Option<SocketAddr>,
    /// Whether `/metrics` is there.
    pub shows_metrics: bool,
    /// The host that clients are told to come to; none is the address by which each has come. Those that other agents send
    /// here then come to the address at which this one listens, or by which its machine reaches others.
    pub advertised_host: Option<String>,
    pub writer: WriterSettings,
    pub limits: Limits,
    /// Blocks of segments that are kept in memory.
    pub cache: ByteCount,
    /// The most bytes that all fetches together are answered with at a time.
    pub fetch_memory: ByteCount,
    /// Who may come, and what they may do.
    pub security: SecuritySettings,
    /// How Kafka's clients speak TLS; none lets them speak without.
    pub tls: Option<TlsSettings>,
    /// What holds for consumer groups where the virtual cluster has nothing set.
    pub groups: GroupSettings,
    /// None leaves cleaning to other agents, as does an agent without the role for jobs.
    pub cleaning: Option<CleaningSettings>,
}

/// The virtual cluster of whoever names none.
const DEFAULT_CLUSTER: &str = "vci_default";

impl NodeSettings {
    /// Limits for a machine: an eighth of its memory for what is not flushed, an eighth for blocks, an eighth for answers and
    /// an eighth for requests. The rest is the system's, which has the pages of a local store.
    ///
    /// # Panics
    /// Never: the default virtual cluster has a name that is one.
    #[must_use]
    pub fn for_machine(machine: Machine) -> Self {
        let eighth = (machine.memory.get() / 8).max(64 << 20);
        let writer = WriterSettings::for_machine(machine.cores, machine.memory);
        let defaults = Limits::default();
        let memory = usize::try_from(eighth).unwrap_or(usize::MAX).max(defaults.frame);
        Self {
            cluster: DEFAULT_CLUSTER.parse().expect("a name of letters and an underscore"),
            cluster_configs: Configs::default(),
            roles: Roles::DEFAULT,
            agent_group: None,
            pipeline_group: None,
            pipelines_obey_acls: false,
            zone: ZoneSource::Unknown,
            heartbeat_every: HEARTBEAT_EVERY,
            kafka: Some(SocketAddr::from((Ipv4Addr::UNSPECIFIED, 9092))),
            http: Some(SocketAddr::from((Ipv4Addr::UNSPECIFIED, 8080))),
            shows_metrics: true,
            advertised_host: None,
            writer,
            limits: Limits { memory: memory.min(defaults.memory), ..defaults },
            cache: ByteCount::new(eighth),
            fetch_memory: ByteCount::new(eighth),
            security: SecuritySettings::default(),
            tls: None,
            groups: GroupSettings::default(),
            cleaning: Some(CleaningSettings {
                compactor: CompactorSettings::for_memory(machine.memory),
                ..CleaningSettings::default()
            }),
        }
    }

    /// What an agent that is started with these says of itself, but for where clients come.
    pub(crate) fn description(&self) -> AgentDescription {
        AgentDescription {
            id: AgentId::from_random(chance::bits()),
            kafka: None,
            zone: self.zone.known(),
            group: self.agent_group.clone(),
            roles: self.roles,
            pipeline_group: self.pipeline_group.clone(),
            cores: u32::try_from(Machine::detect().cores).unwrap_or(u32::MAX),
            version: env!("CARGO_PKG_VERSION").to_owned(),
        }
    }

    /// An agent for tests: on free ports of this machine alone, with small limits and the shortest batch timeout.
    #[must_use]
    pub fn loopback() -> Self {
        let any = Some(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)));
        let machine = Machine { cores: 1, memory: ByteCount::new(1 << 30) };
        let all = Self::for_machine(machine);
        let writer = WriterSettings { batch_timeout: Duration::ZERO, ..all.writer };
        // Members of tests come one behind the other, and nobody wants to wait for more.
        let initial_rebalance_delay = Duration::from_millis(100);
        let consumer_heartbeat_interval = Duration::from_millis(250);
        let groups = GroupSettings { initial_rebalance_delay, consumer_heartbeat_interval, ..all.groups };
        Self { kafka: any, http: any, writer, groups, ..all }
    }
}
