//! A real client and two agents, one of which goes away.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use forebay_kafka_client::Connection;
use forebay_lifecycle::{Workers, clock};
use forebay_model::Timestamp;
use forebay_node::{NodeSettings, Stores};
use forebay_storage_metadata::{Clock, WallClock};
use forebay_storage_metadata_sqlite::{Location, SqliteMetadataStore};
use forebay_tests_kafka_clients::{Agent, Client};

/// The clock of the machine, which can be set ahead.
#[derive(Debug, Default)]
struct Ahead(AtomicU64);

impl Clock for Ahead {
    fn now(&self) -> Timestamp {
        WallClock.now().after(Duration::from_secs(self.0.load(Ordering::SeqCst)))
    }
}

/// A folder by which the client and the test tell each other what has happened.
struct Signs(PathBuf);

impl Signs {
    fn new() -> Self {
        let name = format!("forebay-signs-{:032x}", forebay_lifecycle::chance::bits());
        let folder = std::env::temp_dir().join(name);
        std::fs::create_dir(&folder).expect("the folder for temporary files takes folders");
        Self(folder)
    }
}

impl Drop for Signs {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Ends the agent that the client uses, of two, and waits for what the client says.
#[cfg(test)]
fn without_the_agent_in_use(name: &'static str, end: impl FnOnce(Agent, &Ahead)) {
    let clock = Arc::new(Ahead::default());
    let metadata = SqliteMetadataStore::open_with_clock(&Location::Memory, Arc::clone(&clock) as _).unwrap();
    let bucket = format!("mem://{:032x}", forebay_lifecycle::chance::bits());
    let objects = forebay_storage_objects::open(&bucket, []).unwrap();
    let stores = Stores::of(objects, Arc::new(metadata), Arc::default()).unwrap();
    let often = Duration::from_millis(20);
    let settings = || NodeSettings { heartbeat_every: often, cleaning: None, ..NodeSettings::loopback() };
    let mut agents = vec![Agent::with(settings(), stores.clone()), Agent::with(settings(), stores)];
    let signs = Signs::new();
    let bootstrap = agents.iter().map(Agent::bootstrap).collect::<Vec<_>>().join(",");
    let folder = signs.0.display().to_string();
    let run = Client::python(name, "several.py").variable("FOREBAY_SIGNS", folder).start(&bootstrap, &[]);
    until("records flow", || signs.0.join("flowing").exists());
    let used = told(&agents[0].bootstrap());
    let in_use = agents.iter().position(|agent| agent.bootstrap() == used).unwrap();
    end(agents.swap_remove(in_use), &clock);
    std::fs::write(signs.0.join("gone"), "").unwrap();
    assert_eq!(run.finish().len(), 1);
    assert_eq!(told(&agents[0].bootstrap()), agents[0].bootstrap());
}

/// Where an agent sends the client.
#[cfg(test)]
fn told(bootstrap: &str) -> String {
    let workers = Workers::start("client", 1).unwrap();
    let address: SocketAddr = bootstrap.parse().unwrap();
    let host = address.ip().to_string();
    workers.block_on(async {
        let mut connection = Connection::open(&host, address.port(), "orders").await.unwrap();
        let broker = connection.cluster().await.unwrap().brokers.pop().unwrap();
        format!("{}:{}", broker.host, broker.port)
    })
}

#[cfg(test)]
fn until(what: &str, is_so: impl Fn() -> bool) {
    let began = clock::now();
    while !is_so() {
        assert!(began.elapsed() < Duration::from_secs(60), "waited in vain until {what}");
        std::thread::park_timeout(Duration::from_millis(5));
    }
}

#[test]
fn librdkafka_follows_when_its_agent_stops() {
    without_the_agent_in_use("several-stop", |agent, _| drop(agent));
}

#[test]
fn librdkafka_follows_when_its_agent_is_killed() {
    without_the_agent_in_use("several-kill", |agent, clock| {
        agent.kill();
        // It is missed sooner than by waiting.
        clock.0.fetch_add(9, Ordering::SeqCst);
    });
}
