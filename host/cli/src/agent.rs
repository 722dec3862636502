//! `forebay agent`.

use std::net::SocketAddr;
use std::process::ExitCode;

use anyhow::Context as _;
use forebay_lifecycle::{Shutdown, Workers};
use forebay_model::{AgentGroup, Role, Roles};
use forebay_node::{
    CleaningSettings, GroupMetrics, Machine, MetadataServices, Node, NodeSettings, Stopped, Stores,
    ZoneSource,
};
use forebay_pipeline_config::LoggerConfig;
use forebay_storage_log::{CompactorSettings, WriterSettings};

use crate::args::{AdvertisedHost, Agent, HttpPort};
use crate::log;
use crate::signals::Signals;

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
    let settings = settings(flags, machine)?;
    workers.block_on(async {
        let mut signals = Signals::listen()?;
        let node = Box::pin(Node::start(settings, stores, workers.spawner())).await?;
        signals.next().await;
        tracing::info!(patience_s = patience.as_secs(), "stopping; one more signal ends the agent at once");
        let impatient = Shutdown::new();
        let stopped = tokio::select! {
            stopped = node.stop(patience) => Some(stopped),
            () = async { signals.next().await; impatient.cancel(); } => None,
        };
        Ok(match stopped {
            Some(Stopped::Gracefully { within }) => {
                tracing::info!(took_ms = within.as_millis(), "stopped gracefully");
                ExitCode::SUCCESS
            }
            Some(Stopped::GaveUp { connections, unflushed }) => {
                tracing::warn!(connections, unflushed = unflushed.get(), "gave up what was under way");
                ExitCode::FAILURE
            }
            None => {
                tracing::warn!("ended by a second signal");
                ExitCode::FAILURE
            }
        })
    })
}

fn settings(flags: Agent, machine: Machine) -> anyhow::Result<NodeSettings> {
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
    let roles: Roles = roles.into_iter().collect();
    let asked = || ZoneSource::Asked(MetadataServices::of(|name| std::env::var(name).ok()));
    let group_metrics = match (without_group_metrics, group_metrics_without.is_empty()) {
        (true, _) => GroupMetrics::Off,
        (false, true) => GroupMetrics::ByPartition,
        (false, false) => GroupMetrics::ByTopic,
    };
    let compactor = CompactorSettings::for_memory(machine.memory);
    let cleaning = CleaningSettings { group_metrics, compactor, ..CleaningSettings::default() };
    Ok(NodeSettings {
        roles,
        agent_group,
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
    })
}
