use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use forebay_kafka_broker::{
    Advertised, AgentSettings, Broker, BrokerMetrics, BrokerSettings, Endpoint, Limits, SecuritySettings,
    Server, ServerSettings, Tls, TlsError,
};
use forebay_lifecycle::{Shutdown, Spawner, Tasks, clock};
use forebay_metrics::{MetricError, Metrics};
use forebay_model::{AgentId, ByteCount, Role, VirtualClusterId};
use forebay_pipeline_operations::{Endpoints, Registration};
use forebay_storage_log::{BlockCache, BlockSource, Index, Reader, Writer, WriterMetrics};
use forebay_storage_metadata::{
    AgentAddress, AgentError, ConfigError, Configs, CreateVirtualClusterError, MetadataStore,
};
use tracing::field::display;

use crate::cleaning::Cleaning;
use crate::heartbeats::{Farewell, Heartbeats};
use crate::http::{HttpError, HttpServer, Levels, Readiness, Told};
use crate::machine::Machine;
use crate::pipelines::{PipelineAccess, super_user};
use crate::settings::NodeSettings;
use crate::stores::Stores;

/// An agent that serves. Whoever drops it without [`Node::stop`] ends it where it is, as a crash would.
#[derive(Debug)]
pub struct Node {
    broker: Option<Broker>,
    pipelines_obey_acls: bool,
    writer: Writer,
    kafka: Part,
    cleaning: Tasks,
    heartbeats: Tasks,
    farewell: Farewell,
    http: Part,
    readiness: Readiness,
    endpoints: Endpoints,
    _paths: Vec<Registration>,
}

/// A server's tasks, and where it is, if there is one.
#[derive(Debug)]
struct Part {
    tasks: Tasks,
    address: Option<SocketAddr>,
}

/// The index gets this part of what blocks get: some 200 bytes tell where 4 KiB lie, or 8 MiB.
const INDEX_PART: u64 = 8;

/// So long an answer over HTTP may take that is under way when everything else has stopped.
const HTTP_PATIENCE: Duration = Duration::from_secs(1);

/// Why an agent does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error("listen for Kafka clients on {address}: choose another port with -kafkaPort")]
    Listen { address: SocketAddr, source: io::Error },
    #[error("TLS for Kafka clients")]
    Tls(#[from] TlsError),
    #[error(transparent)]
    Http(#[from] HttpError),
    #[error("make the virtual cluster {cluster}")]
    Cluster { cluster: VirtualClusterId, source: CreateVirtualClusterError },
    #[error("configure the virtual cluster {cluster}")]
    Configs { cluster: VirtualClusterId, source: ConfigError },
    #[error("make the agent known to others in {cluster}")]
    Register { cluster: VirtualClusterId, source: AgentError },
    #[error(transparent)]
    Metric(#[from] MetricError),
}

/// How an agent came to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stopped {
    /// Everything that was taken has its answer.
    Gracefully { within: Duration },
    /// The time was over: connections were still open, or batches still unflushed. None of them was acknowledged.
    GaveUp { connections: usize, unflushed: ByteCount },
}

impl Node {
    /// Takes the ports, opens everything, and serves from then on, on the threads of `spawner`.
    ///
    /// # Errors
    /// When a port can't be had, or the metadata store can't be asked. Then nothing is left behind.
    pub async fn start(settings: NodeSettings, stores: Stores, spawner: Spawner) -> Result<Self, StartError> {
        let started = clock::now();
        let mut description = settings.description();
        let NodeSettings {
            cluster,
            cluster_configs,
            roles,
            agent_group,
            pipeline_group: _,
            pipelines_obey_acls,
            zone,
            heartbeat_every,
            kafka,
            http,
            shows_metrics,
            advertised_host,
            writer,
            limits,
            cache,
            fetch_memory,
            security,
            tls,
            groups,
            cleaning,
        } = settings;
        let security = with_pipelines(security, pipelines_obey_acls);
        let tls = tls.map(Tls::open).transpose()?;
        let http = http.map(HttpServer::bind).transpose()?;
        let server = listen(kafka.filter(|_| roles.serves()), limits, tls).await?;
        let Stores { objects, background: _, metadata, metrics } = &stores;
        make_cluster(metadata.as_ref(), &cluster, &cluster_configs).await?;
        let address = server.as_ref().map(|(_, address)| *address);
        description.kafka = address.map(|address| registered(advertised_host.as_deref(), address));
        let agent = description.id;
        let heartbeats = Heartbeats::register(cluster.clone(), &stores, description, heartbeat_every)
            .await
            .map_err(|source| StartError::Register { cluster: cluster.clone(), source })?;
        let counts = WriterMetrics::new(metrics)?;
        let writer = Writer::spawn(Arc::clone(objects), Arc::clone(metadata), writer, counts, &spawner);
        let tasks = || Tasks::new(spawner.clone(), Shutdown::new());
        let mut node = Self {
            broker: None,
            pipelines_obey_acls,
            writer: writer.clone(),
            kafka: Part { tasks: tasks(), address: None },
            cleaning: tasks(),
            heartbeats: tasks(),
            farewell: heartbeats.farewell(),
            http: Part { tasks: tasks(), address: None },
            readiness: Readiness::default(),
            endpoints: Endpoints::default(),
            _paths: Vec::new(),
        };
        // Pipelines have a broker of their own also where no client may come.
        if server.is_some() || roles.has(Role::Pipelines) {
            let reader = reader(&stores, cache, &writer, &spawner)?;
            let advertised = advertised(advertised_host, address);
            let agent = AgentSettings::new(agent, heartbeats.node());
            let agent = AgentSettings { roles, group: agent_group, ..agent };
            let settings = BrokerSettings::new(cluster, agent, advertised);
            let groups = groups.clone();
            let settings = BrokerSettings { fetch_memory, groups, security, ..settings };
            let counts = BrokerMetrics::new(metrics)?;
            let broker = Broker::measured(settings, Arc::clone(metadata), writer, reader, counts);
            node.serve(broker, server);
        }
        if let Some(settings) = cleaning.filter(|_| roles.has(Role::Jobs)) {
            let cleaning = Cleaning::new(&stores, settings, groups)?;
            node.cleaning.spawn(cleaning.run(node.cleaning.shutdown().clone()));
        }
        if let Some(http) = http {
            node.tell(http, shows_metrics.then_some(metrics))?;
        }
        node.heartbeats.spawn(heartbeats.run(zone, node.heartbeats.shutdown().clone()));
        node.readiness.set(true);
        let took = clock::now().saturating_duration_since(started);
        let (kafka, http) = (node.kafka.address.map(display), node.http.address.map(display));
        tracing::info!(kafka, http, took_ms = took.as_millis(), "the agent is ready");
        Ok(node)
    }

    fn serve(&mut self, broker: Broker, server: Option<(Server, SocketAddr)>) {
        if let Some((server, address)) = server {
            self.kafka.address = Some(address);
            self.kafka.tasks.spawn(server.serve(broker.clone(), self.kafka.tasks.clone()));
        }
        self.broker = Some(broker);
    }

    fn tell(&mut self, http: HttpServer, metrics: Option<&Arc<Metrics>>) -> Result<(), StartError> {
        let levels = metrics.map(|metrics| Levels::new(metrics, self.writer.clone())).transpose()?;
        let measured = metrics.cloned().zip(levels);
        let endpoints = self.endpoints.clone();
        let told = Told { endpoints, readiness: self.readiness.clone(), measured };
        self.http.address = Some(http.address);
        self._paths = http.serve(told, &self.http.tasks)?;
        Ok(())
    }

    /// Where Kafka's clients come.
    #[must_use]
    pub fn kafka_address(&self) -> Option<SocketAddr> {
        self.kafka.address
    }

    /// What other agents know this one by.
    #[must_use]
    pub fn agent_id(&self) -> AgentId {
        self.farewell.agent()
    }

    /// Where `/v1/status` and `/metrics` are.
    #[must_use]
    pub fn http_address(&self) -> Option<SocketAddr> {
        self.http.address
    }

    /// The paths of the HTTP server, which others may add to; none where there is no server.
    #[must_use]
    pub fn endpoints(&self) -> Option<&Endpoints> {
        self.http.address.map(|_| &self.endpoints)
    }

    /// The broker, for whoever is in the same process.
    #[must_use]
    pub fn broker(&self) -> Option<&Broker> {
        self.broker.as_ref()
    }

    /// The broker as a cluster for this agent's own pipelines.
    #[must_use]
    pub fn pipelines(&self) -> Option<PipelineAccess> {
        Some(PipelineAccess::new(self.broker.clone()?, self.pipelines_obey_acls))
    }

    /// Stops: clients are told to go elsewhere, nothing more is accepted or read, what was taken is flushed, committed
    /// and answered. What is not done after `patience` is given up; nothing of it was acknowledged.
    pub async fn stop(self, patience: Duration) -> Stopped {
        let started = clock::now();
        self.readiness.set(false);
        // First of all, so that other agents send nobody here any more.
        self.heartbeats.shutdown().cancel();
        self.cleaning.shutdown().cancel();
        self.kafka.tasks.shutdown().cancel();
        if let Some(broker) = &self.broker {
            broker.retire();
        }
        let leaving = async {
            self.heartbeats.finished().await;
            self.farewell.say().await;
        };
        let draining = async {
            self.kafka.tasks.finished().await;
            self.writer.close().await;
            self.cleaning.finished().await;
        };
        let drained = tokio::time::timeout(patience, async { tokio::join!(leaving, draining) }).await;
        let stopped = match drained {
            Ok(((), ())) => Stopped::Gracefully { within: clock::now().saturating_duration_since(started) },
            Err(_) => Stopped::GaveUp {
                connections: self.kafka.tasks.len(),
                unflushed: self.writer.load().unflushed_bytes,
            },
        };
        // Last, so that whoever looks sees the end as it was.
        self.http.tasks.shutdown().cancel();
        // Nothing depends on who is being told: a client that does not take its answer keeps nobody.
        let _ = tokio::time::timeout(HTTP_PATIENCE, self.http.tasks.finished()).await;
        stopped
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        for tasks in [&self.kafka.tasks, &self.cleaning, &self.heartbeats, &self.http.tasks] {
            tasks.shutdown().cancel();
        }
    }
}

/// What reads, with `cache` for blocks and a part of it for the index; `writer` tells it what it writes.
fn reader(
    stores: &Stores,
    cache: ByteCount,
    writer: &Writer,
    spawner: &Spawner,
) -> Result<Reader, MetricError> {
    let Stores { objects, background: _, metadata, metrics } = stores;
    let blocks = BlockCache::new(Arc::clone(objects), cache).measured(metrics)?;
    let blocks: Arc<dyn BlockSource> = Arc::new(blocks.reading_ahead(spawner.clone()));
    let index = ByteCount::new(cache.get() / INDEX_PART);
    let index = Arc::new(Index::new(Arc::clone(metadata), index).measured(metrics)?);
    writer.feed(Arc::clone(&index), Arc::clone(&blocks));
    Ok(Reader::with_index(Arc::clone(metadata), index, blocks))
}

/// What clients may do, with pipelines among those that may do everything, unless ACLs hold for them too.
fn with_pipelines(mut security: SecuritySettings, obey_acls: bool) -> SecuritySettings {
    if !obey_acls {
        security.super_users.push(super_user());
    }
    security
}

/// What clients are told of this agent; where it listens to none, only those in this process ask.
fn advertised(host: Option<String>, listens: Option<SocketAddr>) -> Advertised {
    let port = listens.map_or(0, |listens| listens.port());
    match host {
        Some(host) => Advertised::Fixed(Endpoint { host, port }),
        None => Advertised::AsReached(Endpoint { host: "localhost".to_owned(), port }),
    }
}

/// Where clients are told to come by other agents.
fn registered(host: Option<&str>, listens: SocketAddr) -> AgentAddress {
    let own = || Machine::address().map_or_else(|_| "localhost".to_owned(), |address| address.to_string());
    let host = match host {
        Some(host) => host.to_owned(),
        None if listens.ip().is_unspecified() => own(),
        None => listens.ip().to_string(),
    };
    AgentAddress { host, port: listens.port() }
}

/// Makes the virtual cluster where there is none, and sets what is not set in it.
async fn make_cluster(
    metadata: &dyn MetadataStore,
    cluster: &VirtualClusterId,
    configs: &Configs,
) -> Result<(), StartError> {
    match metadata.create_virtual_cluster(cluster).await {
        Ok(()) | Err(CreateVirtualClusterError::Exists { .. }) => {}
        Err(source) => return Err(StartError::Cluster { cluster: cluster.clone(), source }),
    }
    let failed = |source| StartError::Configs { cluster: cluster.clone(), source };
    let seen = metadata.cluster_configs(cluster).await.map_err(failed)?;
    let mut new = seen.clone();
    for (name, value) in configs.iter().filter(|(name, _)| seen.get(name).is_none()) {
        new.set(name, value);
    }
    if new != seen {
        metadata.replace_cluster_configs(cluster, &seen, &new).await.map_err(failed)?;
    }
    Ok(())
}

/// Takes the port of Kafka's clients, where there is to be one.
async fn listen(
    kafka: Option<SocketAddr>,
    limits: Limits,
    tls: Option<Tls>,
) -> Result<Option<(Server, SocketAddr)>, StartError> {
    let Some(listen) = kafka else { return Ok(None) };
    let failed = |source| StartError::Listen { address: listen, source };
    let server = Server::bind(ServerSettings { listen, limits }).await.map_err(failed)?;
    let address = server.local_addr().map_err(failed)?;
    let server = match tls {
        Some(tls) => server.with_tls(tls),
        None => server,
    };
    Ok(Some((server, address)))
}
