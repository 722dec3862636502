//! `forebay agent`.

mod pipelines;

use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use async_trait::async_trait;
use forebay_lifecycle::{Shutdown, Workers, clock};
use forebay_model::{AgentGroup, Role, Roles, VirtualClusterId};
use forebay_node::{
    CleaningSettings, GroupMetrics, Machine, MetadataServices, Node, NodeSettings, Stopped, Stores,
    ZoneSource,
};
use forebay_pipeline_config::LoggerConfig;
use forebay_pipeline_managed::Agents;
use forebay_storage_log::{CompactorSettings, WriterSettings};
use forebay_storage_metadata::{MetadataStore, pipeline_agents};

use crate::args::{AdvertisedHost, Agent, HttpPort};
use crate::log;
use crate::signals::Signals;

pub(crate) use pipelines::{Around, Pipelines, Wanted};

pub(crate) fn agent(flags: Agent) -> anyhow::Result<ExitCode> {
    let log = log::start();
    log.set(&LoggerConfig { level: flags.log_level, ..LoggerConfig::default() });
    let machine = Machine::detect();
    let workers = Workers::start("agent", machine.cores).context("start threads")?;
    let stores = Stores::open(&flags.bucket_url, &flags.metadata_url, std::env::vars())?;
    let patience = flags.graceful_shutdown;
    tracing::info!(
        version = env!("CARGO_PKG_VERSION"),
        bucket = %stores.objects(),
        cores = machine.cores,
        memory = machine.memory.get(),
        group = flags.agent_group.as_ref().map_or("", AgentGroup::as_str),
        roles = %flags.roles.iter().copied().collect::<Roles>(),
        "starting the agent"
    );
    if flags.agent_key.is_some() {
        tracing::info!("the key of the agent is not looked at: there is no control plane yet");
    }
    let (settings, wanted) = settings(flags, machine)?;
    workers.block_on(async {
        let mut signals = Signals::listen()?;
        let running = Box::pin(RunningAgent::start(settings, stores, wanted, &workers)).await?;
        tokio::select! {
            () = signals.next() => {}
            () = running.failed() => {
                tracing::error!("stopping because of the lost thread: what can still be delivered is");
            }
        }
        tracing::info!(patience_s = patience.as_secs(), "stopping; one more signal ends the agent at once");
        running.stop(patience, &mut signals).await
    })
}

/// An agent, and the pipelines that it manages.
pub(crate) struct RunningAgent {
    node: Node,
    pipelines: Option<Pipelines>,
}

impl RunningAgent {
    /// Starts the agent, then its pipelines.
    pub(crate) async fn start(
        settings: NodeSettings,
        stores: Stores,
        wanted: Option<Wanted>,
        workers: &Workers,
    ) -> anyhow::Result<Self> {
        let (cluster, metrics) = (settings.cluster.clone(), Arc::clone(stores.metrics()));
        let metadata = Arc::clone(stores.metadata());
        let node = Box::pin(Node::start(settings, stores, workers.spawner())).await?;
        let Some(wanted) = wanted else { return Ok(Self { node, pipelines: None }) };
        Box::pin(wanted.make_topics(node.kafka_address())).await?;
        let (agents_of, group) = (cluster.clone(), wanted.group().map(str::to_owned));
        let around = Around {
            cluster,
            metrics,
            endpoints: node.endpoints().cloned(),
            access: node.pipelines(),
            agents: Arc::new(AgentsOfGroup { metadata, cluster: agents_of, group }),
            cores: Machine::detect().cores,
        };
        let pipelines = Pipelines::start(wanted, around).await?;
        Ok(Self { node, pipelines: Some(pipelines) })
    }

    pub(crate) fn node(&self) -> &Node {
        &self.node
    }

    pub(crate) fn pipelines(&self) -> Option<&Pipelines> {
        self.pipelines.as_ref()
    }

    /// Waits until it can't go on.
    pub(crate) async fn failed(&self) {
        match &self.pipelines {
            Some(pipelines) => pipelines.stuck().await,
            None => std::future::pending().await,
        }
    }

    /// Stops the pipelines, then the agent: what those still deliver goes to it. A signal ends it at once.
    pub(crate) async fn stop(self, patience: Duration, signals: &mut Signals) -> anyhow::Result<ExitCode> {
        let Self { node, pipelines } = self;
        let impatient = Shutdown::new();
        let stopping = async {
            let started = clock::now();
            let is_well = match pipelines {
                Some(pipelines) => pipelines.stop(patience).await,
                None => true,
            };
            let rest = patience.saturating_sub(clock::now().saturating_duration_since(started));
            (node.stop(rest).await, is_well)
        };
        let stopped = tokio::select! {
            stopped = stopping => Some(stopped),
            () = async { signals.next().await; impatient.cancel(); } => None,
        };
        Ok(match stopped {
            Some((Stopped::Gracefully { within }, true)) => {
                tracing::info!(took_ms = within.as_millis(), "stopped gracefully");
                ExitCode::SUCCESS
            }
            Some((Stopped::Gracefully { .. }, false)) => {
                tracing::warn!("gave up what pipelines had read and not delivered");
                ExitCode::FAILURE
            }
            Some((Stopped::GaveUp { connections, unflushed }, _)) => {
                tracing::warn!(connections, unflushed = unflushed.get(), "gave up what was under way");
                ExitCode::FAILURE
            }
            None => {
                tracing::warn!("ended by a second signal");
                ExitCode::FAILURE
            }
        })
    }
}

fn settings(flags: Agent, machine: Machine) -> anyhow::Result<(NodeSettings, Option<Wanted>)> {
    let Agent {
        bucket_url: _,
        metadata_url: _,
        virtual_cluster,
        agent_key: _,
        agent_group,
        zone,
        roles,
        listen_address,
        kafka_port,
        http_port: HttpPort(http_port),
        hostname_override,
        advertised,
        batch_timeout,
        graceful_shutdown: _,
        cluster_configs,
        prometheus,
        pipelines,
        without_group_metrics,
        group_metrics_without,
        security,
        log_level: _,
    } = flags;
    let defaults = NodeSettings::for_machine(machine);
    let advertised_host = match (hostname_override, advertised) {
        (Some(host), _) => Some(host),
        (None, AdvertisedHost::AsReached) => None,
        (None, AdvertisedHost::Local) => Some("localhost".to_owned()),
        (None, AdvertisedHost::AutoIp4) => {
            Some(Machine::address().context("find the address of this machine")?.to_string())
        }
    };
    let (security, tls) = security.settings()?;
    let roles = roles_with_pipelines(roles.into_iter().collect(), pipelines.enabled)?;
    let is_alone = roles.iter().all(|role| role == Role::Pipelines);
    let pipelines_obey_acls = pipelines.obey_acls;
    let wanted =
        if roles.has(Role::Pipelines) { Wanted::of(pipelines, machine.cores, is_alone)? } else { None };
    let asked = || ZoneSource::Asked(MetadataServices::of(|name| std::env::var(name).ok()));
    let group_metrics = match (without_group_metrics, group_metrics_without.is_empty()) {
        (true, _) => GroupMetrics::Off,
        (false, true) => GroupMetrics::ByPartition,
        (false, false) => GroupMetrics::ByTopic,
    };
    let compactor = CompactorSettings::for_memory(machine.memory);
    let cleaning = CleaningSettings { group_metrics, compactor, ..CleaningSettings::default() };
    let settings = NodeSettings {
        roles,
        agent_group,
        pipeline_group: wanted.as_ref().and_then(Wanted::group).map(str::to_owned),
        pipelines_obey_acls,
        zone: zone.map_or_else(asked, ZoneSource::Known),
        cluster: virtual_cluster.unwrap_or(defaults.cluster),
        cluster_configs: cluster_configs.into_iter().collect(),
        kafka: roles.serves().then_some(SocketAddr::new(listen_address, kafka_port)),
        http: http_port.map(|port| SocketAddr::new(listen_address, port)),
        shows_metrics: prometheus,
        security,
        tls,
        advertised_host,
        writer: WriterSettings { batch_timeout, ..defaults.writer },
        cleaning: roles.has(Role::Jobs).then_some(cleaning),
        ..defaults
    };
    Ok((settings, wanted))
}

/// The roles of an agent that is to run pipelines, or not: who has the role without them is not counted among those
/// that do, and who asks for pipelines and names no roles has the role too.
fn roles_with_pipelines(roles: Roles, is_wanted: bool) -> anyhow::Result<Roles> {
    if is_wanted && roles == Roles::DEFAULT {
        return Ok(roles.iter().chain([Role::Pipelines]).collect());
    }
    if is_wanted && !roles.has(Role::Pipelines) {
        tracing::info!(%roles, "no pipelines are run here: the role pipelines is not among those of this agent");
    }
    if is_wanted || !roles.has(Role::Pipelines) {
        return Ok(roles);
    }
    let others: Roles = roles.iter().filter(|role| *role != Role::Pipelines).collect();
    anyhow::ensure!(
        others != Roles::NONE,
        "the role pipelines alone needs -enableManagedPipelines and -pipelinesDir"
    );
    Ok(others)
}

/// The agents of a virtual cluster that run the pipelines of a group.
struct AgentsOfGroup {
    metadata: Arc<dyn MetadataStore>,
    cluster: VirtualClusterId,
    group: Option<String>,
}

#[async_trait]
impl Agents for AgentsOfGroup {
    async fn count(&self) -> Result<NonZeroU32, String> {
        let agents = self.metadata.agents(&self.cluster).await.map_err(|error| error.to_string())?;
        let count = u32::try_from(pipeline_agents(&agents, self.group.as_deref())).unwrap_or(u32::MAX);
        // It has begun to give signs of life, or will do so again: it is one of them.
        Ok(NonZeroU32::new(count).unwrap_or(NonZeroU32::MIN))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_wants_pipelines_has_their_role_and_nobody_else() {
        let with = |roles: &[Role], is_wanted| {
            let roles = roles_with_pipelines(roles.iter().copied().collect(), is_wanted);
            roles.map(|roles| roles.to_string()).map_err(|error| error.to_string())
        };
        assert_eq!(with(&[Role::Proxy, Role::Jobs], true).unwrap(), "proxy,jobs,pipelines");
        assert_eq!(with(&[Role::Proxy, Role::Jobs], false).unwrap(), "proxy,jobs");
        assert_eq!(with(&[Role::Proxy], true).unwrap(), "proxy");
        assert_eq!(with(&[Role::Pipelines], true).unwrap(), "pipelines");
        assert_eq!(with(&[Role::Jobs, Role::Pipelines], false).unwrap(), "jobs");
        assert!(with(&[Role::Pipelines], false).unwrap_err().contains("needs -enableManagedPipelines"));
    }
}
