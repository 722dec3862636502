use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use forebay_kafka_client::{Client, ClientSettings, Connection, ProducerSettings, Tcp, TcpSettings};
use forebay_lifecycle::{Spawner, clock};
use forebay_model::{PartitionId, TopicName};
use kafka_protocol::messages::list_offsets_request::{ListOffsetsPartition, ListOffsetsTopic};
use kafka_protocol::messages::{BrokerId, ListOffsetsRequest};
use kafka_protocol::protocol::StrBytes;

use crate::event::Events;

pub(crate) const PARTITIONS: i32 = 8;
/// Of a request for the ends of partitions.
const VERSION: i16 = 4;
const LATEST: i64 = -1;
/// Records that are handed to the producer at once, and how often before the first of them must be there.
const CHUNK: usize = 4_000;
const CHUNKS: usize = 16;
const PATIENCE: Duration = Duration::from_secs(30);
const LOOK_AGAIN: Duration = Duration::from_millis(100);

/// The topics of a broker.
pub(crate) struct Topics {
    pub(crate) client: Client,
    connection: Connection,
}

impl Topics {
    pub(crate) async fn open(broker: SocketAddr) -> anyhow::Result<Self> {
        let (host, port) = (broker.ip().to_string(), broker.port());
        let connection = Connection::open(&host, port, "bench").await?;
        let tcp = Tcp::new(TcpSettings::new(vec![(host, port)], "bench"), Spawner::current())?;
        let client = Client::new(Arc::new(tcp), ClientSettings::default(), Spawner::current());
        Ok(Self { client, connection })
    }

    /// Makes a topic, and waits until its partitions are there.
    pub(crate) async fn make(&mut self, topic: &TopicName, partitions: i32) -> anyhow::Result<()> {
        self.connection.create_topic(topic, partitions).await?;
        let began = clock::now();
        while let Err(error) = self.count(topic, partitions).await {
            ensure!(began.elapsed() < PATIENCE, "topic {topic} is not ready: {error:#}");
            tokio::time::sleep(LOOK_AGAIN).await;
        }
        Ok(())
    }

    /// How many records a topic has.
    pub(crate) async fn count(&mut self, topic: &TopicName, partitions: i32) -> anyhow::Result<usize> {
        let partition = |index| {
            ListOffsetsPartition::default()
                .with_partition_index(index)
                .with_current_leader_epoch(-1)
                .with_timestamp(LATEST)
        };
        let name = StrBytes::from_string(topic.as_str().to_owned());
        let asked = ListOffsetsTopic::default()
            .with_name(name.into())
            .with_partitions((0..partitions).map(partition).collect());
        let request = ListOffsetsRequest::default().with_replica_id(BrokerId(-1)).with_topics(vec![asked]);
        let response = self.connection.call(VERSION, &request).await?;
        let mut count = 0;
        for partition in response.topics.iter().flat_map(|topic| &topic.partitions) {
            let (index, code) = (partition.partition_index, partition.error_code);
            ensure!(code == 0, "the end of partition {index} of {topic} is refused with error {code}");
            count += usize::try_from(partition.offset).context("a partition that ends before it begins")?;
        }
        Ok(count)
    }

    /// Produces so many events, in turn to all partitions.
    pub(crate) async fn fill(&self, topic: &TopicName, messages: usize) -> anyhow::Result<()> {
        let settings = ProducerSettings {
            linger: Duration::from_millis(5),
            max_buffered_records: CHUNK * CHUNKS,
            max_buffered_bytes: 256 << 20,
            ..ProducerSettings::default()
        };
        let (producer, mut events) = (self.client.producer(settings), Events::default());
        let mut under_way = VecDeque::new();
        let mut left = messages;
        while left > 0 || !under_way.is_empty() {
            if left > 0 && under_way.len() < CHUNKS {
                let chunk = left.min(CHUNK);
                let records = (0..chunk).map(|index| events.record(topic, partition(index), micros()));
                under_way.push_back(producer.send(records.collect()).await);
                left -= chunk;
            } else if let Some(sent) = under_way.pop_front() {
                let outcomes = sent.outcomes().await;
                outcomes.into_iter().collect::<Result<Vec<_>, _>>()?;
            }
        }
        producer.close(PATIENCE).await;
        Ok(())
    }
}

/// One of the partitions, in turn.
pub(crate) fn partition(index: usize) -> PartitionId {
    let index = i32::try_from(index).unwrap_or_default() % PARTITIONS;
    PartitionId::new(index).expect("a number that is not negative")
}

/// The wall clock in microseconds.
pub(crate) fn micros() -> u64 {
    let since = clock::wall().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_micros()).unwrap_or(u64::MAX)
}
