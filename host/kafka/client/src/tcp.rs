//! Brokers over TCP: a connection for each broker and lane, opened when it is first needed.

mod link;

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use forebay_lifecycle::Spawner;
use tokio::sync::{mpsc, oneshot};

use self::link::{Asked, Known, Order};
use crate::security::{ClientSecurity, ClientSecurityError};
use crate::topics::BrokerAddress;
use crate::transport::{Destination, Lane, Outgoing, Pending, Transport, TransportError};
use crate::versions::ServedVersions;

/// How a cluster is reached.
#[derive(Debug, Clone)]
pub struct TcpSettings {
    /// Brokers that tell where all others are.
    pub bootstrap: Vec<(String, u16)>,
    pub client_id: String,
    pub security: ClientSecurity,
    /// For TCP, TLS and logging in together.
    pub connect_timeout: Duration,
    /// For an answer, beside the time that the request itself lets the broker wait.
    pub request_timeout: Duration,
    /// The first pause after a connection failed, and the longest.
    pub backoff: (Duration, Duration),
}

/// Brokers over TCP.
#[derive(Debug)]
pub struct Tcp {
    shared: Arc<Shared>,
    links: Mutex<HashMap<(Destination, Lane), Link>>,
    spawner: Spawner,
}

/// What all connections need.
#[derive(Debug)]
struct Shared {
    settings: TcpSettings,
    brokers: Mutex<Brokers>,
}

/// Where brokers are.
#[derive(Debug, Default)]
struct Brokers {
    /// All, as they were told together.
    all: BTreeMap<i32, (String, u16)>,
    /// Those that were told one by one, the last one behind.
    single: VecDeque<(i32, (String, u16))>,
}

/// The other end of a connection's task.
#[derive(Debug, Clone)]
struct Link {
    orders: mpsc::Sender<Order>,
    known: Known,
}

/// Brokers that were told one by one: coordinators of groups, of which a client has few.
const MOST_SINGLE: usize = 64;
/// Requests that wait for being written, for each connection. Whoever has more waits.
const QUEUED: usize = 64;

impl TcpSettings {
    /// The settings of Kafka's own clients.
    #[must_use]
    pub fn new(bootstrap: Vec<(String, u16)>, client_id: impl Into<String>) -> Self {
        Self {
            bootstrap,
            client_id: client_id.into(),
            security: ClientSecurity::default(),
            connect_timeout: Duration::from_secs(10),
            request_timeout: Duration::from_secs(30),
            backoff: (Duration::from_millis(100), Duration::from_secs(5)),
        }
    }
}

impl Tcp {
    /// Reads certificates; brokers are connected to when something is asked. Connections live on the threads of
    /// `spawner`.
    ///
    /// # Errors
    /// When a certificate or a key can't be read.
    pub fn new(mut settings: TcpSettings, spawner: Spawner) -> Result<Self, ClientSecurityError> {
        if let Some(tls) = &settings.security.tls {
            settings.security.tls = Some(tls.prepared()?);
        }
        let shared = Arc::new(Shared { settings, brokers: Mutex::default() });
        Ok(Self { shared, links: Mutex::default(), spawner })
    }

    fn links(&self) -> MutexGuard<'_, HashMap<(Destination, Lane), Link>> {
        self.links.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn link(&self, to: Destination, lane: Lane) -> Link {
        let mut links = self.links();
        let open = || {
            let (orders, queue) = mpsc::channel(QUEUED);
            let known = Known::default();
            self.spawner.spawn(link::run(Arc::clone(&self.shared), to, queue, Arc::clone(&known)));
            Link { orders, known }
        };
        links.entry((to, lane)).or_insert_with(open).clone()
    }
}

impl Brokers {
    fn get(&self, number: i32) -> Option<&(String, u16)> {
        let single = || self.single.iter().find(|(other, _)| *other == number).map(|(_, address)| address);
        self.all.get(&number).or_else(single)
    }
}

impl Shared {
    fn brokers(&self) -> MutexGuard<'_, Brokers> {
        self.brokers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Where a broker may be; for any broker in the order of the tries.
    fn addresses(&self, to: Destination) -> Vec<(String, u16)> {
        match to {
            Destination::Broker(number) => self.brokers().get(number).cloned().into_iter().collect(),
            Destination::Any => {
                let mut all = self.settings.bootstrap.clone();
                let known = self.brokers();
                all.extend(
                    known.all.values().filter(|known| !self.settings.bootstrap.contains(known)).cloned(),
                );
                all
            }
        }
    }
}

#[async_trait]
impl Transport for Tcp {
    async fn start(
        &self,
        to: Destination,
        lane: Lane,
        outgoing: Outgoing,
    ) -> Result<Pending, TransportError> {
        let api = outgoing.request.api();
        let ended = TransportError::Ended { to, api };
        let (answer, answered) = oneshot::channel();
        let link = self.link(to, lane);
        let order = Order::Ask(Box::new(Asked { outgoing, answer }));
        link.orders.send(order).await.map_err(|_| ended.clone())?;
        Ok(Box::pin(async move { answered.await.unwrap_or(Err(ended)) }))
    }

    async fn served(&self, to: Destination, lane: Lane) -> Result<Arc<ServedVersions>, TransportError> {
        let link = self.link(to, lane);
        if let Some(served) = link::known(&link.known) {
            return Ok(served);
        }
        let ended = TransportError::Ended { to, api: kafka_protocol::messages::ApiKey::ApiVersions };
        let (answer, answered) = oneshot::channel();
        link.orders.send(Order::Served(answer)).await.map_err(|_| ended.clone())?;
        answered.await.unwrap_or(Err(ended))
    }

    fn learn(&self, brokers: &[BrokerAddress]) {
        let all: BTreeMap<_, _> = brokers.iter().filter_map(address).collect();
        // A broker that has just started may know of none yet.
        if all.is_empty() {
            return;
        }
        let mut links = self.links();
        let mut known = self.shared.brokers();
        known.all = all;
        // What is under way there is still answered; then its connection ends.
        links.retain(|(to, _), _| to.number().is_none_or(|number| known.get(number).is_some()));
    }

    fn learn_one(&self, broker: &BrokerAddress) {
        let Some((number, address)) = address(broker) else { return };
        let mut known = self.shared.brokers();
        if let Some(told) = known.all.get_mut(&number) {
            told.clone_from(&address);
        }
        known.single.retain(|(other, _)| *other != number);
        if known.single.len() >= MOST_SINGLE {
            known.single.pop_front();
        }
        known.single.push_back((number, address));
    }

    fn release(&self, lane: Lane) {
        let mut links = self.links();
        links.retain(|(_, other), _| *other != lane);
    }
}

/// The number and the address of a broker; none where it can't be connected to.
fn address(broker: &BrokerAddress) -> Option<(i32, (String, u16))> {
    let port = u16::try_from(broker.port).ok().filter(|_| !broker.host.is_empty())?;
    Some((broker.node, (broker.host.clone(), port)))
}
