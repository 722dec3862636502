//! A broker over memory, with a server on a port of its own.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use forebay_kafka_broker::{
    Advertised, AgentSettings, Broker, BrokerSettings, ConnectionContext, Endpoint, GroupSettings, Identity,
    Limits, Request, RequestBody, Response, SecuritySettings, Server, ServerSettings, Tls,
};
use forebay_kafka_security::{Acl, ITERATIONS, Principal, ScramCredential, ScramMechanism};
use forebay_lifecycle::{Shutdown, Spawner, Tasks};
use forebay_model::{AgentId, ByteCount, NodeId, Timestamp, VirtualClusterId};
use forebay_storage_log::{BlockCache, Reader, Writer, WriterMetrics, WriterSettings};
use forebay_storage_metadata::{
    AgentAddress, AgentDescription, Agents as _, CredentialChange, ManualClock, Security as _,
    UserCredential, VirtualClusters as _,
};
use forebay_storage_metadata_sqlite::{Location, SqliteMetadataStore};

/// When the clock of the stores starts.
const START: Timestamp = Timestamp::from_millis(1_700_000_000_000);

pub(crate) struct Node {
    pub(crate) broker: Broker,
    pub(crate) metadata: Arc<SqliteMetadataStore>,
    /// By which its stores go, if not by the clock of the machine.
    pub(crate) clock: ManualClock,
    pub(crate) address: SocketAddr,
    pub(crate) tasks: Tasks,
}

/// An agent that no other knows of.
fn seven() -> AgentSettings {
    AgentSettings::new(AgentId::from_random(7), NodeId::new(7).unwrap())
}

pub(crate) fn cluster() -> VirtualClusterId {
    "vci_test".parse().unwrap()
}

impl Node {
    pub(crate) async fn start() -> Self {
        Self::with(Limits::default(), WriterSettings::default()).await
    }

    pub(crate) async fn with(limits: Limits, writer: WriterSettings) -> Self {
        Self::build(limits, writer, SecuritySettings::default(), None).await
    }

    pub(crate) async fn secured(security: SecuritySettings, tls: Option<Tls>) -> Self {
        Self::build(Limits::default(), WriterSettings::default(), security, tls).await
    }

    async fn build(
        limits: Limits,
        writer: WriterSettings,
        security: SecuritySettings,
        tls: Option<Tls>,
    ) -> Self {
        let metadata = SqliteMetadataStore::open(&"sqlite://:memory:".parse::<Location>().unwrap()).unwrap();
        metadata.create_virtual_cluster(&cluster()).await.unwrap();
        let metadata = Arc::new(metadata);
        Self::over(metadata, ManualClock::at(START), (limits, writer), (security, tls), seven()).await
    }

    /// Two agents over one metadata store, whose clock goes when it is told to.
    pub(crate) async fn pair() -> [Self; 2] {
        let clock = ManualClock::at(START);
        let location = "sqlite://:memory:".parse::<Location>().unwrap();
        let metadata = SqliteMetadataStore::open_with_clock(&location, Arc::new(clock.clone())).unwrap();
        metadata.create_virtual_cluster(&cluster()).await.unwrap();
        let metadata = Arc::new(metadata);
        let node = async || {
            let (metadata, limits) = (Arc::clone(&metadata), Limits::default());
            let open = (SecuritySettings::default(), None);
            Self::over(metadata, clock.clone(), (limits, WriterSettings::default()), open, seven()).await
        };
        [node().await, node().await]
    }

    /// Agents over one metadata store, whose clock goes when it is told to, that know of each other. They are as
    /// they describe themselves, but for where they are.
    pub(crate) async fn several(descriptions: &mut [AgentDescription]) -> Vec<Self> {
        let clock = ManualClock::at(START);
        let location = "sqlite://:memory:".parse::<Location>().unwrap();
        let metadata = SqliteMetadataStore::open_with_clock(&location, Arc::new(clock.clone())).unwrap();
        metadata.create_virtual_cluster(&cluster()).await.unwrap();
        let metadata = Arc::new(metadata);
        let mut nodes = Vec::new();
        for description in descriptions {
            let node = metadata.register_agent(&cluster(), description).await.unwrap();
            let agent = AgentSettings {
                roles: description.roles,
                group: description.group.clone(),
                remembers_others: Duration::ZERO,
                ..AgentSettings::new(description.id, node)
            };
            let (limits, open) = (Limits::default(), (SecuritySettings::default(), None));
            let limits = (limits, WriterSettings::default());
            let started = Self::over(Arc::clone(&metadata), clock.clone(), limits, open, agent).await;
            let port = started.address.port();
            description.kafka = Some(AgentAddress { host: "127.0.0.1".to_owned(), port });
            metadata.agent_heartbeat(&cluster(), description, node).await.unwrap();
            nodes.push(started);
        }
        nodes
    }

    async fn over(
        metadata: Arc<SqliteMetadataStore>,
        clock: ManualClock,
        (limits, writer): (Limits, WriterSettings),
        (security, tls): (SecuritySettings, Option<Tls>),
        agent: AgentSettings,
    ) -> Self {
        let cluster = cluster();
        let bucket = format!("mem://{:032x}", forebay_lifecycle::chance::bits());
        let objects = forebay_storage_objects::open(&bucket, std::iter::empty()).unwrap();
        let metrics = WriterMetrics::new(&forebay_metrics::Metrics::default()).unwrap();
        let writer = WriterSettings { batch_timeout: Duration::from_millis(25), ..writer };
        let spawner = Spawner::current();
        let store = Arc::clone(&metadata) as _;
        let writer = Writer::spawn(Arc::clone(&objects), store, writer, metrics, &spawner);
        let blocks = Arc::new(BlockCache::new(objects, ByteCount::new(64 << 20)));
        let reader = Reader::new(Arc::clone(&metadata) as _, blocks);
        let advertised = Advertised::AsReached(Endpoint { host: "inside".to_owned(), port: 9092 });
        let initial_rebalance_delay = Duration::from_millis(40);
        let groups = GroupSettings { initial_rebalance_delay, ..GroupSettings::default() };
        let settings = BrokerSettings { groups, security, ..BrokerSettings::new(cluster, agent, advertised) };
        let broker = Broker::new(settings, Arc::clone(&metadata) as _, writer, reader);
        let settings = ServerSettings { listen: "127.0.0.1:0".parse().unwrap(), limits };
        let server = Server::bind(settings).await.unwrap();
        let server = match tls {
            Some(tls) => server.with_tls(tls),
            None => server,
        };
        let address = server.local_addr().unwrap();
        let tasks = Tasks::new(spawner.clone(), Shutdown::new());
        spawner.spawn(server.serve(broker.clone(), tasks.clone()));
        Self { broker, metadata, clock, address, tasks }
    }

    /// Gives a user a password for both mechanisms.
    pub(crate) async fn user(&self, user: &str, password: &str) {
        let change = |mechanism| {
            let salt = user.as_bytes().to_vec();
            let credential = ScramCredential::of_password(mechanism, password, salt, ITERATIONS);
            CredentialChange::Put(UserCredential { user: user.to_owned(), mechanism, credential })
        };
        let changes = [ScramMechanism::Sha256, ScramMechanism::Sha512].map(change);
        self.metadata.alter_scram_credentials(&cluster(), &changes).await.unwrap();
    }

    pub(crate) async fn remove_user(&self, user: &str) {
        let delete = |mechanism| CredentialChange::Delete { user: user.to_owned(), mechanism };
        let changes = [ScramMechanism::Sha256, ScramMechanism::Sha512].map(delete);
        self.metadata.alter_scram_credentials(&cluster(), &changes).await.unwrap();
    }

    pub(crate) async fn add_acls(&self, acls: &[Acl]) {
        self.metadata.create_acls(&cluster(), acls).await.unwrap();
    }

    /// Asks from inside of the process, for somebody.
    pub(crate) async fn ask_as(&self, user: &str, version: i16, body: RequestBody) -> Response {
        let identity = Identity::known(Principal::user(user));
        let context = ConnectionContext { identity, ..ConnectionContext::default() };
        self.broker.call(&context, Request { version, body }).await.response
    }

    /// Asks as a client that comes over the network.
    pub(crate) async fn ask_from(&self, client_id: &str, version: i16, body: RequestBody) -> Response {
        let context = ConnectionContext {
            client_id: client_id.to_owned(),
            peer: Some("127.0.0.1:50000".parse().unwrap()),
            reached: Some(self.address),
            ..ConnectionContext::default()
        };
        self.broker.call(&context, Request { version, body }).await.response
    }

    /// Asks from inside of the process.
    pub(crate) async fn ask(&self, version: i16, body: RequestBody) -> Response {
        self.broker.call(&ConnectionContext::default(), Request { version, body }).await.response
    }
}
