//! What all instances of a process share: the threads that do the work, and the clients with their
//! pools of connections.
//!
//! Requests run on threads of their own, so that a guest which computes does not hold up the
//! connections of others, and a request goes on when the pipeline that started it has ended.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use forebay_lifecycle::{Spawner, Threads};
use forebay_pipeline_operations::Endpoints;
use http_body_util::Full;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioTimer;
use rustls::ClientConfig;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::addresses::{Reach, Resolve, SystemResolver};
use super::connect::Connector;
use super::error::HttpError;
use super::proxy::{Proxies, Proxy};
use super::tls::ClientTls;

/// How the process speaks HTTP.
#[derive(Debug, Clone)]
pub struct HttpSettings {
    /// Looks names up.
    pub resolver: Arc<dyn Resolve>,
    /// The proxies of the environment.
    pub proxies: Proxies,
    /// The paths of the process's own server, where there may be one.
    pub endpoints: Option<Endpoints>,
}

impl Default for HttpSettings {
    fn default() -> Self {
        Self {
            resolver: Arc::new(SystemResolver),
            proxies: Proxies::from_variables(|name| std::env::var(name).ok()),
            endpoints: None,
        }
    }
}

/// The threads, and what works on them.
#[derive(Debug)]
pub(crate) struct Service {
    /// Started when they are first needed. What runs on them must not own them: the last owner waits
    /// for their end.
    threads: Mutex<Option<Threads>>,
    shared: Arc<Shared>,
}

/// What requests and connections need while they run.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) settings: HttpSettings,
    /// What is left of the connections to other servers.
    connections: Arc<Semaphore>,
    clients: Mutex<Clients>,
    /// Counts uses of threads and clients.
    uses: AtomicU64,
    /// The ports that instances of this process listen on, and how many do.
    listening: Mutex<HashMap<u16, usize>>,
}

/// The connections of one component: it must not use up those of all.
#[derive(Debug, Clone)]
pub(super) struct OwnConnections {
    places: Arc<Semaphore>,
    most: usize,
}

/// A place among the connections of the process, and among those of a component.
#[derive(Debug)]
pub(super) struct Place {
    _of_process: OwnedSemaphorePermit,
    /// Absent where no component asked for the connection.
    _of_component: Option<OwnedSemaphorePermit>,
}

tokio::task_local! {
    /// Whose connections are opened. The client calls the connector from within the request that waits
    /// for the connection.
    static OPENED_FOR: OwnConnections;
}

/// What tells one client, with its pool of connections, from another. A connection that one plugin
/// has opened is used for another only if that one might have opened it just so.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct ClientKey {
    pub(super) reach: Reach,
    /// Whether connections to listeners of this process are refused.
    pub(super) away: bool,
    /// Whether connections are kept open for later.
    pub(super) keeps: bool,
    pub(super) tls: ClientTls,
    pub(super) proxy: Option<Proxy>,
}

pub(super) type HttpClient = Client<Connector, Full<Bytes>>;

#[derive(Debug, Default)]
struct Clients {
    known: HashMap<ClientKey, Known>,
}

#[derive(Debug)]
struct Known {
    client: HttpClient,
    /// When it was used last, in uses of all.
    used: u64,
    /// Whose request it was made for.
    owner: Option<OwnConnections>,
}

/// Threads for all connections of the process.
const THREADS: usize = 2;
/// Clients of different settings; the one that was not used for longest makes room.
const MOST_CLIENTS: usize = 64;
/// The same of those that requests of one component have made.
const OWN_CLIENTS: usize = 8;
/// Connections that are kept open for each host, and for how long.
const IDLE_CONNECTIONS: usize = 16;
const IDLE: Duration = Duration::from_secs(60);
/// Connections to other servers, in all: each is a file descriptor.
const MOST_CONNECTIONS: usize = 2_048;
/// With more than that, none is kept open for later: a plugin that asks a thousand hosts once each
/// must not use them all up.
const KEPT_CONNECTIONS: usize = 512;

impl Default for Service {
    fn default() -> Self {
        Self::new(HttpSettings::default())
    }
}

impl Service {
    pub(crate) fn new(settings: HttpSettings) -> Self {
        let connections = Arc::new(Semaphore::new(MOST_CONNECTIONS));
        let shared = Shared {
            settings,
            connections,
            clients: Mutex::default(),
            uses: AtomicU64::new(0),
            listening: Mutex::default(),
        };
        Self { threads: Mutex::default(), shared: Arc::new(shared) }
    }

    pub(super) fn shared(&self) -> Arc<Shared> {
        Arc::clone(&self.shared)
    }

    /// What starts tasks on one of the threads.
    ///
    /// # Errors
    /// When the threads can't be started.
    pub(crate) fn spawner(&self) -> Result<Spawner, String> {
        let mut threads = lock(&self.threads);
        if threads.is_none() {
            let started = Threads::start("http", THREADS);
            *threads = Some(started.map_err(|error| format!("start the threads for HTTP: {error}"))?);
        }
        let next = self.shared.next();
        let index = usize::try_from(next).unwrap_or_default();
        threads.as_ref().map(|threads| threads.spawner(index)).ok_or_else(String::new)
    }
}

impl Shared {
    fn next(&self) -> u64 {
        self.uses.fetch_add(1, Ordering::Relaxed)
    }

    /// The client for these settings; `tls` is what those for TLS come to.
    pub(super) fn client(self: &Arc<Self>, key: &ClientKey, tls: &Arc<ClientConfig>) -> HttpClient {
        let mut clients = lock(&self.clients);
        let now = self.next();
        if let Some(known) = clients.known.get_mut(key) {
            known.used = now;
            return known.client.clone();
        }
        let connector = Connector::new(Arc::downgrade(self), key, tls);
        let client = Client::builder(CurrentThread)
            .pool_timer(TokioTimer::new())
            .timer(TokioTimer::new())
            .pool_idle_timeout(IDLE)
            .pool_max_idle_per_host(if key.keeps { IDLE_CONNECTIONS } else { 0 })
            .build(connector);
        let owner = OwnConnections::current();
        clients.make_room(owner.as_ref());
        clients.known.insert(key.clone(), Known { client: client.clone(), used: now, owner });
        client
    }

    /// Waits for a place among the connections: first among those of the component that asks, so that it
    /// keeps no place from others while it waits for one of its own.
    pub(super) async fn place(&self, own: Option<OwnConnections>) -> Result<Place, HttpError> {
        let stopped = |_| HttpError::stopped();
        let of_component = match own {
            Some(own) => Some(own.places.acquire_owned().await.map_err(stopped)?),
            None => None,
        };
        let of_process = Arc::clone(&self.connections).acquire_owned().await.map_err(stopped)?;
        Ok(Place { _of_process: of_process, _of_component: of_component })
    }

    /// Whether connections had better be closed after use.
    pub(super) fn is_crowded(&self) -> bool {
        let is_crowded_by_own = OwnConnections::current().is_some_and(|own| own.is_crowded());
        is_crowded_by_own || MOST_CONNECTIONS - self.connections.available_permits() > KEPT_CONNECTIONS
    }

    /// The paths of the process's own server.
    pub(super) fn endpoints(&self) -> Option<&Endpoints> {
        self.settings.endpoints.as_ref()
    }

    /// Notes that something here listens on a port, until the note is dropped.
    pub(super) fn note_listener(self: &Arc<Self>, port: u16) -> ListenerNote {
        *lock(&self.listening).entry(port).or_default() += 1;
        ListenerNote { shared: Arc::clone(self), port }
    }

    /// Whether a connection there would reach a listener of this process.
    pub(super) fn is_own(&self, address: SocketAddr) -> bool {
        lock(&self.listening).contains_key(&address.port()) && is_this_machine(address.ip()).unwrap_or(true)
    }
}

/// Whether an address is one of this machine: then what is sent to it comes from it.
fn is_this_machine(address: IpAddr) -> io::Result<bool> {
    if address.to_canonical().is_loopback() || address.is_unspecified() {
        return Ok(true);
    }
    let any: IpAddr = if address.is_ipv4() { [0; 4].into() } else { [0_u16; 8].into() };
    // Connecting a datagram socket sends nothing; it only asks which way.
    let socket = UdpSocket::bind((any, 0))?;
    socket.connect((address, 9))?;
    Ok(socket.local_addr()?.ip() == address)
}

/// That an instance listens.
#[derive(Debug)]
pub(super) struct ListenerNote {
    shared: Arc<Shared>,
    port: u16,
}

impl Drop for ListenerNote {
    fn drop(&mut self) {
        if let Entry::Occupied(mut count) = lock(&self.shared.listening).entry(self.port) {
            *count.get_mut() -= 1;
            if *count.get() == 0 {
                count.remove();
            }
        }
    }
}

impl OwnConnections {
    /// Of a component that may have so many requests under way: twice as many, for each may have left an open
    /// one behind before there were too many.
    pub(super) fn new(requests: usize) -> Self {
        let most = requests.saturating_mul(2);
        Self { places: Arc::new(Semaphore::new(most)), most }
    }

    /// Runs a request whose connections are opened for this component.
    pub(super) async fn opened_in<T>(&self, request: impl Future<Output = T>) -> T {
        OPENED_FOR.scope(self.clone(), request).await
    }

    /// Those of the component whose request runs.
    pub(super) fn current() -> Option<Self> {
        OPENED_FOR.try_with(Self::clone).ok()
    }

    fn is_same_as(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.places, &other.places)
    }

    fn is_crowded(&self) -> bool {
        // A quarter may be kept open for later.
        self.most - self.places.available_permits() > self.most / 4
    }
}

impl Clients {
    /// Makes room for one more that `owner` asks for: whoever asks for many has its own thrown out.
    fn make_room(&mut self, owner: Option<&OwnConnections>) {
        let is_own = |known: &Known| {
            let of = known.owner.as_ref();
            owner.is_some_and(|owner| of.is_some_and(|of| of.is_same_as(owner)))
        };
        let own = self.known.values().filter(|known| is_own(known)).count();
        let is_full = self.known.len() >= MOST_CLIENTS;
        if own < OWN_CLIENTS && !is_full {
            return;
        }
        let candidates = self.known.iter().filter(|(_, known)| own < OWN_CLIENTS || is_own(known));
        let oldest = candidates.min_by_key(|(_, known)| known.used).map(|(key, _)| key.clone());
        if let Some(oldest) = oldest {
            self.known.remove(&oldest);
        }
    }
}

/// Runs the connections of a client on the thread that asks for them, which is one of the service's.
#[derive(Debug, Clone, Copy)]
struct CurrentThread;

impl<F: Future<Output = ()> + Send + 'static> hyper::rt::Executor<F> for CurrentThread {
    fn execute(&self, work: F) {
        Spawner::current().spawn(work);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::task::Poll;

    use super::*;

    /// What a future gives without waiting.
    async fn at_once<T>(future: impl Future<Output = T>) -> Option<T> {
        // The runtime makes whoever asks often wait now and then; that is not meant here.
        let mut future = std::pin::pin!(tokio::task::unconstrained(future));
        poll_fn(|context| match future.as_mut().poll(context) {
            Poll::Ready(value) => Poll::Ready(Some(value)),
            Poll::Pending => Poll::Ready(None),
        })
        .await
    }

    #[tokio::test]
    async fn one_component_throws_its_own_clients_out() {
        let shared = Service::default().shared();
        let (greedy, modest) = (OwnConnections::new(64), OwnConnections::new(64));
        let tls = |number: usize| ClientTls {
            skip_verification: true,
            // Not looked at when nothing is verified, and other settings all the same.
            extra_roots: Some(number.to_string()),
            identity: None,
        };
        let key = |number| ClientKey {
            reach: Reach::Anywhere,
            away: false,
            keeps: true,
            tls: tls(number),
            proxy: None,
        };
        let config = Arc::new(tls(0).config().unwrap());
        let ask = async |own: &OwnConnections, number| {
            own.opened_in(async { shared.client(&key(number), &config) }).await
        };
        ask(&modest, 0).await;
        for number in 1..=3 * OWN_CLIENTS {
            ask(&greedy, number).await;
        }
        let clients = lock(&shared.clients);
        assert_eq!(clients.known.len(), 1 + OWN_CLIENTS);
        assert!(clients.known.contains_key(&key(0)) && clients.known.contains_key(&key(3 * OWN_CLIENTS)));
    }

    #[tokio::test]
    async fn one_component_leaves_connections_for_the_others() {
        let shared = Service::default().shared();
        let (greedy, modest) = (OwnConnections::new(64), OwnConnections::new(64));
        let mut places = Vec::new();
        for _ in 0..128 {
            places.push(at_once(shared.place(Some(greedy.clone()))).await.unwrap().unwrap());
        }
        assert!(at_once(shared.place(Some(greedy.clone()))).await.is_none());
        assert!(greedy.opened_in(async { shared.is_crowded() }).await);
        assert!(!modest.opened_in(async { shared.is_crowded() }).await);
        assert!(at_once(shared.place(Some(modest.clone()))).await.is_some());
        drop(places);
        assert!(at_once(shared.place(Some(greedy))).await.is_some());
    }
}
