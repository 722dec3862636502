//! A cluster to try things on.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use bytes::Bytes;
use forebay_kafka_client::{
    Client, ClientSettings, Connection, Consumer, ConsumerEvent, ConsumerSettings, Fetched, Produced,
    ProducerRecord, ProducerSettings, Tcp, TcpSettings, TopicPartition, Transport,
};
use forebay_kafka_wire::Record;
use forebay_lifecycle::{Spawner, chance};
use forebay_model::{PartitionId, TopicName};
use forebay_node::{Node, NodeSettings, Stores};

use crate::apache::Apache;

pub(crate) struct Ground {
    node: Option<Node>,
    port: u16,
    is_in_process: bool,
    names: AtomicU32,
}

/// Longer than anything takes that comes to an end.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

impl Ground {
    pub(crate) async fn in_process() -> Self {
        Self { is_in_process: true, ..Self::over_tcp().await }
    }

    pub(crate) async fn over_tcp() -> Self {
        let mut settings = NodeSettings::loopback();
        settings.groups.consumer_session_timeout = Duration::from_secs(2);
        settings.groups.min_session_timeout_ms = 1_000;
        let node = Node::start(settings, Stores::in_memory().unwrap(), Spawner::current()).await.unwrap();
        let port = node.kafka_address().unwrap().port();
        Self { node: Some(node), port, is_in_process: false, names: AtomicU32::new(0) }
    }

    pub(crate) fn apache(kafka: &Apache) -> Self {
        Self { node: None, port: kafka.port(), is_in_process: false, names: AtomicU32::new(0) }
    }

    /// Ends an agent.
    pub(crate) async fn stop(self) {
        if let Some(node) = self.node {
            node.stop(Duration::from_secs(5)).await;
        }
    }

    /// Another way to the cluster, with connections of its own.
    pub(crate) fn transport(&self) -> Arc<dyn Transport> {
        if self.is_in_process {
            return self.node.as_ref().and_then(Node::pipelines).unwrap().transport("tests");
        }
        let settings = TcpSettings::new(vec![("127.0.0.1".to_owned(), self.port)], "conformance");
        Arc::new(Tcp::new(settings, Spawner::current()).unwrap())
    }

    pub(crate) fn client(&self) -> Client {
        Self::client_over(self.transport())
    }

    /// A client that looks for new topics often.
    pub(crate) fn client_over(transport: Arc<dyn Transport>) -> Client {
        let settings = ClientSettings { metadata_max_age: Duration::from_millis(500), rack: None };
        Client::new(transport, settings, Spawner::current())
    }

    /// A connection to make topics by.
    pub(crate) async fn connection(&self) -> Connection {
        Connection::open("127.0.0.1", self.port, "conformance").await.unwrap()
    }

    /// A name that nothing else has.
    pub(crate) fn name(&self, what: &str) -> String {
        format!("{what}-{:08x}-{}", chance::number() >> 32, self.names.fetch_add(1, Ordering::Relaxed))
    }

    /// A topic that is there.
    pub(crate) async fn topic(&self, partitions: i32) -> TopicName {
        let name: TopicName = self.name("topic").parse().unwrap();
        self.make(&name, partitions).await;
        name
    }

    pub(crate) async fn make(&self, name: &TopicName, partitions: i32) {
        self.connection().await.create_topic(name, partitions).await.unwrap();
        // Brokers hear of a new topic one after the other.
        let client = self.client();
        until("the topic is there", async || client.topic(name).await.is_ok()).await;
    }
}

/// Waits until something is so.
pub(crate) async fn until(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    let tried = async {
        while !is_so().await {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    assert!(tokio::time::timeout(PATIENCE, tried).await.is_ok(), "waited in vain until {what}");
}

pub(crate) fn partition(topic: &TopicName, number: i32) -> TopicPartition {
    TopicPartition::new(topic.clone(), PartitionId::new(number).unwrap())
}

pub(crate) fn record(topic: &TopicName, number: i32, value: &str) -> ProducerRecord {
    ProducerRecord {
        partition: Some(PartitionId::new(number).unwrap()),
        ..ProducerRecord::new(topic.clone(), Some(Bytes::copy_from_slice(value.as_bytes())))
    }
}

/// Produces, and expects that all is taken.
pub(crate) async fn produce(client: &Client, records: Vec<ProducerRecord>) -> Vec<Produced> {
    let settings =
        ProducerSettings { delivery_timeout: Duration::from_secs(20), ..ProducerSettings::default() };
    let producer = client.producer(settings);
    let outcomes = tokio::time::timeout(PATIENCE, producer.send(records).await.outcomes()).await.unwrap();
    producer.close(Duration::from_secs(5)).await;
    outcomes.into_iter().map(|outcome| outcome.unwrap()).collect()
}

pub(crate) fn values(values: impl IntoIterator<Item = usize>) -> Vec<String> {
    values.into_iter().map(|value| format!("value {value}")).collect()
}

/// What a consumer has told so far.
pub(crate) struct Watched {
    pub(crate) consumer: Consumer,
    pub(crate) records: Vec<(TopicPartition, Record)>,
    pub(crate) assigned: Vec<TopicPartition>,
}

impl Watched {
    pub(crate) fn new(client: &Client, settings: ConsumerSettings) -> Self {
        let consumer = client.consumer(settings).unwrap();
        Self { consumer, records: Vec::new(), assigned: Vec::new() }
    }

    /// Takes one event.
    pub(crate) async fn step(&mut self) {
        let event = tokio::time::timeout(PATIENCE, self.consumer.next()).await;
        self.take(event.expect("something happens").expect("it is not closed"));
    }

    /// Takes what has happened already.
    pub(crate) fn catch_up(&mut self) {
        while let Some(event) = self.consumer.try_next() {
            self.take(event);
        }
    }

    fn take(&mut self, event: ConsumerEvent) {
        match event {
            ConsumerEvent::Assigned(partitions) => self.assigned.extend(partitions),
            ConsumerEvent::Revoked(revocation) => self.give_up(revocation.partitions()),
            ConsumerEvent::Lost(partitions) => self.give_up(&partitions),
            ConsumerEvent::Fetched(fetched) => self.read(&fetched),
            ConsumerEvent::Failed(error) => println!("{error}: {}", error.reason),
        }
    }

    fn give_up(&mut self, partitions: &[TopicPartition]) {
        self.assigned.retain(|assigned| !partitions.contains(assigned));
    }

    fn read(&mut self, fetched: &Fetched) {
        assert!(self.assigned.contains(&fetched.partition), "{} is not assigned", fetched.partition);
        for record in fetched.records(100 << 20) {
            self.records.push((fetched.partition.clone(), record.unwrap()));
        }
    }

    /// Takes events until there are so many records.
    pub(crate) async fn until_records(&mut self, count: usize) -> &[(TopicPartition, Record)] {
        while self.records.len() < count {
            self.step().await;
        }
        &self.records
    }

    pub(crate) fn values(&self) -> Vec<String> {
        let values = self.records.iter().map(|(_, record)| record.value.clone().unwrap_or_default());
        values.map(|value| String::from_utf8(value.to_vec()).unwrap()).collect()
    }
}
