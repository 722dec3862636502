//! An agent in this process, asked by a client over TCP.

#![cfg(test)]

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use forebay_kafka_client::{ClientError, Connection, FetchStart};
use forebay_lifecycle::{Here, Spawner};
use forebay_metrics::Metrics;
use forebay_model::{Offset, PartitionId, Timestamp, TopicIdPartition, TopicName};
use forebay_node::{CleaningSettings, Node, NodeSettings, StartError, Stopped, Stores};
use forebay_storage_log::{CleanerSettings, WriterSettings};
use forebay_storage_metadata::{
    GroupChange, ManualClock, MetadataStore, OffsetToCommit, StateChange, TopicSelection,
};
use forebay_storage_metadata_sqlite::{Location, SqliteMetadataStore};
use forebay_storage_objects::{Fault, Faults, Faulty, Objects, Operation, open};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

const PATIENCE: Duration = Duration::from_secs(60);

async fn start(settings: NodeSettings, stores: Stores) -> Node {
    Node::start(settings, stores, Spawner::current()).await.unwrap()
}

async fn client(node: &Node) -> Connection {
    let port = node.kafka_address().unwrap().port();
    Connection::open("127.0.0.1", port, "test").await.unwrap()
}

async fn produce(client: &mut Connection, topic: &TopicName, value: &str) -> Result<i64, ClientError> {
    client.produce(topic, 0, &[(None, Some(value.as_bytes()))]).await.map(|offset| offset.get())
}

fn topic() -> TopicName {
    "logs".parse().unwrap()
}

/// The status and the body that a path is answered with.
async fn get(address: SocketAddr, path: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    let status = answer.split(' ').nth(1).unwrap().parse().unwrap();
    (status, answer.split_once("\r\n\r\n").unwrap().1.to_owned())
}

/// Waits until something is so. It only gives way to other tasks in between.
async fn until(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    for _ in 0..100_000 {
        if is_so().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    panic!("waited in vain until {what}");
}

/// Stores with faults in the bucket and a clock that stands.
fn faulty(name: &str) -> (Stores, Arc<Faults>, Arc<dyn Objects>, ManualClock) {
    let faults = Arc::new(Faults::new(0));
    let inner = open(&format!("mem://node-{name}"), []).unwrap();
    let objects = Arc::new(Faulty::new(Arc::clone(&inner), Arc::clone(&faults)));
    let clock = ManualClock::at(Timestamp::from_millis(1_000_000_000_000));
    let metadata = SqliteMetadataStore::open_with_clock(&Location::Memory, Arc::new(clock.clone())).unwrap();
    let stores = Stores::of(objects, Arc::new(metadata), Arc::new(Metrics::default())).unwrap();
    (stores, faults, inner, clock)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn clients_are_served_and_everything_is_counted() {
    let node = start(NodeSettings::loopback(), Stores::in_memory().unwrap()).await;
    let http = node.http_address().unwrap();
    assert_eq!(get(http, "/v1/status").await, (200, "OK".to_owned()));
    let mut client = client(&node).await;
    client.create_topic(&topic(), 1).await.unwrap();
    assert_eq!(produce(&mut client, &topic(), "a").await.unwrap(), 0);
    assert_eq!(produce(&mut client, &topic(), "b").await.unwrap(), 1);
    let fetched = client.fetch(&topic(), 0, FetchStart::Earliest).await.unwrap();
    let values: Vec<_> = fetched.records.iter().map(|record| record.value.clone().unwrap()).collect();
    assert_eq!(values, ["a", "b"]);
    let (status, metrics) = get(http, "/metrics").await;
    assert_eq!(status, 200);
    for line in [
        "warpstream_agent_kafka_request_count{kafka_key=\"Produce\"} 2",
        "warpstream_agent_kafka_produce_records_counter 2",
        "warpstream_agent_kafka_fetch_records_counter 2",
        "warpstream_agent_kafka_inflight_connections 1",
        "warpstream_agent_segment_batcher_flush_outcome{outcome=\"success\"} 2",
        "warpstream_blob_store_operation_latency_count{operation=\"put\",outcome=\"success\"} 2",
        "warpstream_agent_control_plane_operation_latency_count{operation=\"commit\",outcome=\"success\"} 2",
        "warpstream_agent_file_cache_blocks{outcome=\"miss\"} 2",
    ] {
        assert!(metrics.lines().any(|shown| shown == line), "{line} is not in\n{metrics}");
    }
    drop(client);
    assert!(matches!(node.stop(PATIENCE).await, Stopped::Gracefully { .. }));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_under_way_is_answered_before_the_agent_stops() {
    let stores = Stores::in_memory().unwrap();
    let metrics = Arc::clone(stores.metrics());
    let mut settings = NodeSettings::loopback();
    settings.writer = WriterSettings { batch_timeout: Duration::from_millis(300), ..settings.writer };
    let node = start(settings, stores).await;
    let http = node.http_address().unwrap();
    let mut client = client(&node).await;
    client.create_topic(&topic(), 1).await.unwrap();
    let (tell, told) = tokio::sync::oneshot::channel();
    let _producing = Here::spawn(async move {
        let _ = tell.send(produce(&mut client, &topic(), "a").await);
    });
    until("the request is taken", async || {
        metrics.render().contains("warpstream_agent_kafka_inflight_requests 1")
    })
    .await;
    assert!(matches!(node.stop(PATIENCE).await, Stopped::Gracefully { .. }));
    assert_eq!(told.await.unwrap().unwrap(), 0);
    assert!(TcpStream::connect(http).await.is_err());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_can_not_be_written_is_given_up_and_never_acknowledged() {
    let (stores, faults, _, _) = faulty("gives-up");
    let node = start(NodeSettings::loopback(), stores).await;
    let mut client = client(&node).await;
    client.create_topic(&topic(), 1).await.unwrap();
    faults.always(Operation::Put, Fault::Hang);
    let (tell, told) = tokio::sync::oneshot::channel();
    let producing = Here::spawn(async move {
        let _ = tell.send(produce(&mut client, &topic(), "a").await);
    });
    until("the segment is being put", async || faults.count(Operation::Put) > 0).await;
    let stopped = node.stop(Duration::from_millis(50)).await;
    assert!(matches!(stopped, Stopped::GaveUp { unflushed, .. } if unflushed.get() > 0), "{stopped:?}");
    drop(producing);
    assert!(!matches!(told.await, Ok(Ok(_))));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn records_past_what_their_topic_keeps_are_removed_with_their_objects() {
    let (stores, _, bucket, clock) = faulty("cleans");
    let cleaner = CleanerSettings {
        unused_grace: Duration::ZERO,
        orphan_grace: Duration::ZERO,
        ..CleanerSettings::default()
    };
    let often = Duration::from_millis(5);
    let cleaning = CleaningSettings {
        trim_every: often,
        clean_every: often,
        orphans_every: often,
        cleaner,
        ..CleaningSettings::default()
    };
    let configs = [("log.retention.ms", "1000")].into_iter().collect();
    let settings =
        NodeSettings { cleaning: Some(cleaning), cluster_configs: configs, ..NodeSettings::loopback() };
    let node = start(settings, stores).await;
    let mut client = client(&node).await;
    client.create_topic(&topic(), 1).await.unwrap();
    produce(&mut client, &topic(), "old").await.unwrap();
    clock.advance(Duration::from_hours(48));
    let everything = "vci_default".parse().unwrap();
    until("the object is gone", async || {
        // Jobs are due by the clock of the store.
        clock.advance(Duration::from_secs(1));
        bucket.list(&everything, None, 10).await.unwrap().is_empty()
    })
    .await;
    let fetched = client.fetch(&topic(), 0, FetchStart::Earliest).await.unwrap();
    assert_eq!((fetched.records.len(), fetched.high_watermark), (0, 1));
    assert!(matches!(node.stop(PATIENCE).await, Stopped::Gracefully { .. }));
}

/// The example by which time lag is explained, with real requests: offset 11 was produced at 3:10, offset 15 at 3:15, at 3:20
/// the group has consumed offset 10.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn metrics_say_how_long_consumer_groups_are_behind() {
    // The beginning of a minute.
    let ten_past_three = 1_000_000_200_000;
    let at = |minutes: i64| Timestamp::from_millis(ten_past_three + minutes * 60_000);
    let clock = ManualClock::at(at(-10));
    let store = SqliteMetadataStore::open_with_clock(&Location::Memory, Arc::new(clock.clone())).unwrap();
    let store: Arc<dyn MetadataStore> = Arc::new(store);
    let objects = open("mem://node-lags", []).unwrap();
    let stores = Stores::of(objects, Arc::clone(&store), Arc::new(Metrics::default())).unwrap();
    // The clock of the store stands, so that nothing is due a second time: what was shown goes after two of these.
    let often = Duration::from_millis(400);
    let cleaning = CleaningSettings { lags_every: often, ..CleaningSettings::default() };
    let node = start(NodeSettings { cleaning: Some(cleaning), ..NodeSettings::loopback() }, stores).await;
    let mut client = client(&node).await;
    client.create_topic(&topic(), 1).await.unwrap();
    for offset in 0..16 {
        clock.set(at((offset - 11).max(-10)));
        assert_eq!(produce(&mut client, &topic(), "a").await.unwrap(), offset);
    }
    clock.set(at(5));
    let cluster = "vci_default".parse().unwrap();
    let topics = store.describe_topics(&cluster, &TopicSelection::All).await.unwrap();
    let log = TopicIdPartition::new(topics[0].id, PartitionId::new(0).unwrap());
    let offset = Offset::new(11).unwrap();
    let commit = OffsetToCommit { offset, leader_epoch: None, metadata: String::new(), expires_at: None };
    let state = StateChange::Write(Vec::new());
    let change = GroupChange { state, offsets: vec![(log, commit)], ..GroupChange::default() };
    store.change_group(&cluster, &"g".parse().unwrap(), None, change).await.unwrap();
    let labels = "{consumer_group=\"g\",partition=\"0\",topic=\"logs\",virtual_cluster_id=\"vci_default\"}";
    let time_lag = "warpstream_consumer_group_estimated_lag_very_coarse_do_not_use_to_measure_e2e_seconds";
    let http = node.http_address().unwrap();
    clock.set(at(10));
    let wanted = format!("{time_lag}{labels} 600\n");
    let mut shown = String::new();
    until("the group is ten minutes behind", async || {
        shown = get(http, "/metrics").await.1;
        shown.contains(&wanted)
    })
    .await;
    for line in [
        format!("warpstream_consumer_group_lag{labels} 5"),
        format!("warpstream_consumer_group_max_offset{labels} 16"),
        format!("warpstream_consumer_group_commit_ts{labels} {}", at(5).millis() / 1_000),
        "warpstream_consumer_group_num_topics{consumer_group=\"g\",virtual_cluster_id=\"vci_default\"} 1"
            .to_owned(),
    ] {
        assert!(shown.lines().any(|shown| shown == line), "{line} is not in\n{shown}");
    }
    assert!(matches!(node.stop(PATIENCE).await, Stopped::Gracefully { .. }));
}

#[tokio::test]
async fn a_port_that_is_taken_is_named() {
    let taken = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = taken.local_addr().unwrap();
    let settings = NodeSettings { kafka: Some(address), ..NodeSettings::loopback() };
    let stores = Stores::in_memory().unwrap();
    let error = Node::start(settings, stores.clone(), Spawner::current()).await.unwrap_err();
    assert!(matches!(&error, StartError::Listen { address: named, .. } if *named == address), "{error}");
    let settings = NodeSettings { http: Some(address), ..NodeSettings::loopback() };
    let error = Node::start(settings, stores, Spawner::current()).await.unwrap_err();
    assert!(error.to_string().contains(&address.to_string()), "{error}");
}
