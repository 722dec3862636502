//! A guest that reads and writes topics, of an agent in the same process and over TCP.
#![expect(clippy::unwrap_used, clippy::panic, reason = "what tests share is test code too")]

#[path = "kafka/commits.rs"]
mod commits;

use std::time::Duration;

use forebay_kafka_client::{
    Client, ClientSettings, ConsumerEvent, ConsumerSettings, ProducerRecord, ProducerSettings, Subscription,
};
use forebay_kafka_wire::{Record, RecordHeader};
use forebay_lifecycle::Spawner;
use forebay_node::{Node, NodeSettings, Stores};
use forebay_pipeline_message::Batch;
use forebay_pipeline_message::Outcome;
use forebay_plugins_api::{Components as _, Event, Input, Settlement, Token};
use forebay_plugins_runtime::{Clusters, Grants, Settings};
use forebay_tests_guests::{World, setup, soon, texts};
use serde_json::{Value, json};

/// An agent, and the guest with grants.
struct Ground {
    node: Node,
    client: Client,
    world: World,
    clusters: Clusters,
}

impl Ground {
    /// `kafka` are the grants; in them and in the guest's configuration `BROKER` stands for the agent's address.
    async fn new(kafka: Value) -> Self {
        let stores = Stores::in_memory().unwrap();
        let node = Node::start(NodeSettings::loopback(), stores, Spawner::current()).await.unwrap();
        let broker = node.kafka_address().unwrap().to_string();
        let kafka: Value = serde_json::from_str(&kafka.to_string().replace("BROKER", &broker)).unwrap();
        let grants = json!({"grants": [{"plugin": "kafka_guest", "kafka": kafka}]});
        // JSON is YAML.
        let grants = Grants::parse(&grants.to_string()).unwrap();
        let clusters = Clusters::default();
        let settings = Settings { grants, clusters: clusters.clone(), ..Settings::default() };
        let world = World::with_settings(&["kafka"], settings).await;
        // It comes when the plugins are there already.
        let transport = node.pipelines().unwrap().transport("guests");
        clusters.add("agent", std::sync::Arc::clone(&transport));
        let client = Client::new(transport, ClientSettings::default(), Spawner::current());
        Self { node, client, world, clusters }
    }

    fn config(&self, broker: &str, rest: Value) -> Value {
        let broker = broker.replace("BROKER", &self.node.kafka_address().unwrap().to_string());
        let mut config = json!({"cluster": {"brokers": [broker], "user": "", "password": null}});
        config["cluster"].as_object_mut().unwrap().remove("password");
        config.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
        config
    }

    async fn consumer(&self, broker: &str, topic: &str) -> Box<dyn Input> {
        let rest = json!({"topics": [topic], "group": "g", "most": 2, "multi_header": false});
        let mut input = self.world.input("kafka_consume", self.config(broker, rest)).await;
        soon(input.connect()).await.unwrap();
        input
    }

    async fn append(&self, topic: &str, records: Vec<ProducerRecord>) {
        let settings = ProducerSettings { creates_topics: true, ..ProducerSettings::default() };
        let producer = self.client.producer(settings);
        let sent = producer.send(records).await.outcomes().await;
        assert!(sent.iter().all(Result::is_ok), "{topic}: {sent:?}");
    }

    /// So many records of a topic.
    async fn records(&self, topic: &str, count: usize) -> Vec<Record> {
        let subscription = Subscription::Topics(vec![topic.parse().unwrap()]);
        let consumer = self.client.consumer(ConsumerSettings::new(subscription)).unwrap();
        let mut records = Vec::new();
        while records.len() < count {
            if let Some(ConsumerEvent::Fetched(fetched)) = soon(consumer.next()).await {
                records.extend(fetched.records(1 << 20).map(Result::unwrap));
            }
        }
        records
    }

    async fn stop(self) {
        let Self { node, client, world, clusters } = self;
        drop((client, world, clusters));
        node.stop(Duration::from_secs(10)).await;
    }
}

fn record(topic: &str, value: &'static str) -> ProducerRecord {
    ProducerRecord::new(topic.parse().unwrap(), Some(value.into()))
}

fn settled(token: Token) -> Vec<Settlement> {
    vec![Settlement::new(token, Outcome::Acknowledged)]
}

/// What comes next that is no silence.
async fn next(input: &mut dyn Input, mut settlements: Vec<Settlement>) -> (Token, Batch) {
    loop {
        match soon(input.read(std::mem::take(&mut settlements))).await.unwrap() {
            Event::Batch(token, batch) => return (token, batch),
            Event::Idle => {}
            Event::NotConnected(reason) => panic!("{reason}"),
            Event::Stream(..) | Event::Ended => panic!("nothing was to come but batches"),
        }
    }
}

/// A group reads on behind what was committed; the records of a piece are as many as were asked for at most.
async fn reads(broker: &str) {
    let grants = json!([{"brokers": ["BROKER"], "topics": ["in"], "groups": ["g"], "access": "read"},
                        {"cluster": "agent", "topics": ["i*"], "groups": ["g"], "access": "read"}]);
    let ground = Ground::new(grants).await;
    let mut third = record("in", "c");
    third.key = Some("k".into());
    third.headers = vec![RecordHeader { key: "h".into(), value: Some("1".into()) }];
    ground.append("in", vec![record("in", "a"), record("in", "b"), third]).await;

    let mut input = ground.consumer(broker, "in").await;
    let (_, assigned) = next(&mut *input, Vec::new()).await;
    assert_eq!(texts(&assigned), ["assigned in-0"]);
    let (token, first) = next(&mut *input, Vec::new()).await;
    assert_eq!(texts(&first), ["a", "b"]);
    assert!(first.independent());
    input.close(settled(token)).await;

    let mut input = ground.consumer(broker, "in").await;
    next(&mut *input, Vec::new()).await;
    let (_, last) = next(&mut *input, Vec::new()).await;
    assert_eq!(texts(&last), ["c"]);
    let message = last.get(0).unwrap();
    let shown = |key: &str| message.metadata(key).map(|value| format!("{value:?}")).unwrap_or_default();
    assert_eq!(["kafka_key", "kafka_offset", "h"].map(shown), ["Text(\"k\")", "Signed(2)", "Text(\"1\")"]);
    input.close(Vec::new()).await;
    let read = ground.world.metric("plugin_kafka_records_in_total", &[("plugin", "kafka_guest")]);
    assert_eq!(read, Some(3.0));
    ground.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_group_reads_an_agent_in_the_same_process() {
    reads("forebay://agent").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_group_reads_over_tcp() {
    reads("BROKER").await;
}

fn message(payload: Option<&str>, metadata: &[(&str, &str)]) -> Batch {
    let entries: Vec<_> = metadata
        .iter()
        .map(|(key, value)| ((*key).to_owned(), forebay_columns::Value::Text(value)))
        .collect();
    Batch::from_payloads([payload], true).with_metadata(&entries)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn messages_are_sent_and_those_that_are_not_are_named() {
    let grants = json!([{"brokers": ["BROKER"], "topics": ["out"], "access": "write"}]);
    let ground = Ground::new(grants).await;
    let mut output = ground.world.output("kafka_produce", ground.config("BROKER", json!({}))).await;
    soon(output.connect()).await.unwrap();
    let batch = Batch::concatenate(&[
        message(Some("a"), &[("to", "out"), ("key", "k"), ("x_id", "7"), ("other", "no")]),
        message(Some("b"), &[("to", "secret")]),
        message(None, &[("to", "out")]),
        message(Some("c"), &[("to", "not a topic")]),
    ]);
    let mut written = soon(output.write(batch.unwrap())).await.unwrap();
    let mut pending = written.pending.pop().unwrap();
    let outcome = soon(pending.operation.finish()).await;
    assert!(outcome.unwrap_err().contains("no grant for kafka {brokers:"));
    let resolved = soon(output.resolve(pending.operation)).await.unwrap();
    let failed: Vec<_> = resolved.failed.iter().map(|failure| failure.messages.clone().unwrap()).collect();
    assert_eq!(failed, [vec![1], vec![3]]);
    assert!(resolved.failed[0].reason.contains("topics: [\"secret\"], access: write"));

    let records = ground.records("out", 2).await;
    let header = RecordHeader { key: "x_id".into(), value: Some("7".into()) };
    let [first, second] = records.as_slice() else { panic!("two were sent") };
    assert_eq!((first.key.as_deref(), first.value.as_deref()), (Some(&b"k"[..]), Some(&b"a"[..])));
    assert_eq!(first.headers, [header]);
    assert_eq!((&second.key, &second.value, second.headers.len()), (&None, &None, 0));
    let count = |outcome| ground.world.metric("plugin_kafka_records_out_total", &[("outcome", outcome)]);
    assert_eq!((count("delivered"), count("failed")), (Some(2.0), Some(2.0)));
    output.close().await;
    ground.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_not_granted_is_named() {
    let grants = json!([{"brokers": ["BROKER"], "topics": ["in"], "groups": ["g"], "access": "read"}]);
    let ground = Ground::new(grants).await;
    let open = async |broker: &str, topic: &str, group: &str| {
        let rest = json!({"topics": [topic], "group": group, "most": 2, "multi_header": false});
        let opened_with = setup("kafka_consume", ground.config(broker, rest));
        match ground.world.plugins.open_input(opened_with).await {
            Ok(mut input) => soon(input.connect()).await.map_err(|error| format!("{error:?}")),
            Err(error) => Err(format!("{error:?}")),
        }
    };
    let refused = open("forebay://agent", "in", "g").await.unwrap_err();
    assert!(refused.contains("no grant for kafka {cluster: agent"), "{refused}");
    let refused = open("BROKER", "other", "g").await.unwrap_err();
    assert!(refused.contains("other") && refused.contains("access: read"), "{refused}");
    let refused = open("BROKER", "in", "h").await.unwrap_err();
    assert!(refused.contains("groups:"), "{refused}");
    assert!(open("BROKER", "in", "g").await.is_ok());
    ground.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn offsets_of_topics_that_are_not_granted_are_not_committed() {
    let grants = json!([{"brokers": ["BROKER"], "topics": ["in"], "groups": ["g"], "access": "read"}]);
    let ground = Ground::new(grants).await;
    ground.append("in", vec![record("in", "a")]).await;
    let rest = json!({"topics": ["in"], "group": "g", "most": 2, "multi_header": false, "foreign": "other"});
    let mut input = ground.world.input("kafka_consume", ground.config("BROKER", rest)).await;
    soon(input.connect()).await.unwrap();
    next(&mut *input, Vec::new()).await;
    let (token, _) = next(&mut *input, Vec::new()).await;
    let refused = format!("{:?}", soon(input.read(settled(token))).await.err().unwrap());
    assert!(refused.contains("no grant for kafka") && refused.contains("other"), "{refused}");
    input.close(Vec::new()).await;
    ground.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cluster_that_the_process_has_not_is_refused() {
    let grants = json!([{"cluster": "other", "topics": ["*"], "groups": ["*"], "access": "read"}]);
    let ground = Ground::new(grants).await;
    let rest = json!({"topics": ["t"], "group": "g", "most": 2, "multi_header": false});
    let opened_with = setup("kafka_consume", ground.config("forebay://other", rest));
    let refused = ground.world.plugins.open_input(opened_with).await;
    assert!(format!("{:?}", refused.err().unwrap()).contains("this process has no cluster `other`"));
    ground.stop().await;
}
