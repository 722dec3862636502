//! Several agents in this process over one store, and which of them clients are told of.

#![cfg(test)]

use std::sync::Arc;
use std::time::Duration;

use forebay_kafka_client::{BrokerAddress, Connection};
use forebay_lifecycle::Spawner;
use forebay_metrics::Metrics;
use forebay_model::{Role, Roles, Timestamp, VirtualClusterId};
use forebay_node::{Node, NodeSettings, Stopped, Stores, ZoneSource};
use forebay_storage_metadata::{ManualClock, pipeline_agents};
use forebay_storage_metadata_sqlite::{Location, SqliteMetadataStore};

const PATIENCE: Duration = Duration::from_secs(60);

fn cluster() -> VirtualClusterId {
    NodeSettings::loopback().cluster
}

/// Stores of which each agent has its own metrics, and the clock by which they go.
fn stores(count: usize) -> (Vec<Stores>, ManualClock) {
    let clock = ManualClock::at(Timestamp::from_millis(1_000_000_000_000));
    let metadata = SqliteMetadataStore::open_with_clock(&Location::Memory, Arc::new(clock.clone())).unwrap();
    let metadata = Arc::new(metadata);
    let bucket = format!("mem://{:032x}", forebay_lifecycle::chance::bits());
    let objects = forebay_storage_objects::open(&bucket, []).unwrap();
    let of = |_| Stores::of(Arc::clone(&objects), Arc::clone(&metadata) as _, Arc::new(Metrics::default()));
    ((0..count).map(|number| of(number).unwrap()).collect(), clock)
}

async fn start(settings: NodeSettings, stores: &Stores) -> Node {
    let settings = NodeSettings { heartbeat_every: Duration::from_millis(5), ..settings };
    Node::start(settings, stores.clone(), Spawner::current()).await.unwrap()
}

/// What an agent tells a client of itself and others.
async fn told(node: &Node, client_id: &str) -> BrokerAddress {
    let port = node.kafka_address().unwrap().port();
    let mut connection = Connection::open("127.0.0.1", port, client_id).await.unwrap();
    connection.cluster().await.unwrap().brokers.pop().unwrap()
}

async fn until(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    for _ in 0..10_000 {
        if is_so().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("waited in vain until {what}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn clients_are_told_of_agents_that_are_there() {
    let (stores, clock) = stores(3);
    let zoned = |zone: &str| NodeSettings {
        zone: ZoneSource::Known(zone.parse().unwrap()),
        ..NodeSettings::loopback()
    };
    let first = start(zoned("a"), &stores[0]).await;
    let second = start(zoned("b"), &stores[1]).await;
    let port = |node: &Node| i32::from(node.kafka_address().unwrap().port());
    until("the first one knows of the second", async || {
        told(&first, "c,ws_az=b").await.port == port(&second)
    })
    .await;
    assert_eq!(told(&second, "c,ws_az=a").await.port, port(&first));
    until("both are counted", async || {
        let shown = stores[0].metrics().render();
        ["a", "b"].iter().all(|zone| {
            shown.contains(&format!("heartbeat{{agent_group=\"\",availability_zone=\"{zone}\"}} 1"))
        })
    })
    .await;
    // One that is started again is another one, whatever its port.
    let node = told(&second, "c,ws_az=a").await.node;
    assert!(matches!(first.stop(PATIENCE).await, Stopped::Gracefully { .. }));
    until("nobody is sent to the first", async || told(&second, "c,ws_az=a").await.port == port(&second))
        .await;
    let again = start(zoned("a"), &stores[2]).await;
    until("there is another", async || told(&second, "c,ws_az=a").await.port == port(&again)).await;
    assert_ne!(told(&second, "c,ws_az=a").await.node, node);
    // One that is killed says nothing; the other goes on giving signs of life.
    drop(again);
    clock.advance(Duration::from_secs(9));
    until("it is missed", async || {
        // Its last sign may have come a moment after that.
        clock.advance(Duration::from_millis(20));
        told(&second, "c,ws_az=a").await.port == port(&second)
    })
    .await;
    second.stop(PATIENCE).await;
    assert_eq!(stores[0].metadata().agents(&cluster()).await.unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn agents_do_what_their_roles_say() {
    let (stores, _) = stores(3);
    let of = |roles: &[Role]| NodeSettings {
        roles: roles.iter().copied().collect::<Roles>(),
        pipeline_group: Some("etl".to_owned()),
        ..NodeSettings::loopback()
    };
    let jobs = start(of(&[Role::Jobs]), &stores[0]).await;
    let pipelines = start(of(&[Role::Pipelines]), &stores[1]).await;
    let all = start(of(&Role::ALL), &stores[2]).await;
    assert!(jobs.kafka_address().is_none() && jobs.broker().is_none());
    assert!(pipelines.kafka_address().is_none() && pipelines.broker().is_some());
    // Who does no jobs has nothing to tell of any.
    let tells_of_jobs = |stores: &Stores| stores.metrics().render().contains("run_and_ack_job_latency");
    assert_eq!(stores.iter().map(tells_of_jobs).collect::<Vec<_>>(), [true, false, true]);
    let told = told(&all, "c").await;
    assert_eq!(
        (told.host.as_str(), told.port),
        ("127.0.0.1", i32::from(all.kafka_address().unwrap().port()))
    );
    let agents = stores[0].metadata().agents(&cluster()).await.unwrap();
    assert_eq!(
        (agents.len(), pipeline_agents(&agents, Some("etl")), pipeline_agents(&agents, None)),
        (3, 2, 0)
    );
    let described = agents.iter().find(|agent| agent.description.id == jobs.agent_id()).unwrap();
    assert_eq!(
        (described.description.kafka.clone(), described.description.roles.to_string()),
        (None, "jobs".into())
    );
    for node in [jobs, pipelines, all] {
        assert!(matches!(node.stop(PATIENCE).await, Stopped::Gracefully { .. }));
    }
    assert_eq!(stores[0].metadata().agents(&cluster()).await, Ok(Vec::new()));
}
