//! Producers: records are put into batches of their partitions, and batches are sent until they are taken, in order.
//!
//! Whoever sends waits only for room. One task (`sending`) does the rest, with what waits (`queues`) in memory.

mod murmur2;
mod partitioner;
mod queues;
mod sending;
mod ticket;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use forebay_kafka_wire::{Compression, RecordHeader};
use forebay_lifecycle::{Backoff, Shutdown, Tasks, clock};
use forebay_model::{PartitionId, Timestamp, TopicName};
use kafka_protocol::error::ResponseError;
use tokio::sync::Semaphore;

pub use self::partitioner::Partitioner;
use self::queues::{Entry, Shared};
use self::ticket::Ticket;
pub use self::ticket::{Produced, Sent};
use crate::client::Client;
use crate::failure::Failure;
use crate::metadata::TopicMetadata;

/// What a producer does.
#[derive(Debug, Clone)]
pub struct ProducerSettings {
    /// Whether brokers see to it that nothing is there twice because it was sent twice, and nothing out of order.
    pub idempotent: bool,
    /// With `idempotent` it is always all.
    pub acks: Acks,
    /// The first that a broker knows is taken.
    pub compression: Vec<Compression>,
    pub partitioner: Partitioner,
    /// How long a batch waits for more records.
    pub linger: Duration,
    /// The most bytes of a batch, before it is compressed.
    pub max_message_bytes: usize,
    /// The most bytes of a request, apart from a batch that is larger by itself.
    pub broker_write_max_bytes: usize,
    /// Whoever sends waits while there are so many records, or so many bytes.
    pub max_buffered_records: usize,
    pub max_buffered_bytes: usize,
    /// How long a broker may take for a request.
    pub timeout: Duration,
    /// After so long a record is given up.
    pub delivery_timeout: Duration,
    /// When a record is given up, those behind it in its partition are too: nothing passes it.
    pub strict_order: bool,
    /// Whether topics that there are not are made, where the cluster allows it.
    pub creates_topics: bool,
}

/// Who has a record when it counts as taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Acks {
    /// Nobody knows.
    None,
    Leader,
    #[default]
    All,
}

impl Default for ProducerSettings {
    fn default() -> Self {
        Self {
            idempotent: true,
            acks: Acks::All,
            compression: vec![Compression::Snappy, Compression::None],
            partitioner: Partitioner::Murmur2,
            linger: Duration::ZERO,
            max_message_bytes: 1_000_012,
            broker_write_max_bytes: 100 << 20,
            max_buffered_records: 10_000,
            max_buffered_bytes: 64 << 20,
            timeout: Duration::from_secs(10),
            delivery_timeout: Duration::from_secs(120),
            strict_order: false,
            creates_topics: false,
        }
    }
}

/// A record and where it goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProducerRecord {
    pub topic: TopicName,
    /// None leaves it to the partitioner.
    pub partition: Option<PartitionId>,
    pub key: Option<Bytes>,
    /// None is a tombstone.
    pub value: Option<Bytes>,
    pub headers: Vec<RecordHeader>,
    /// None is now.
    pub timestamp: Option<Timestamp>,
}

impl ProducerRecord {
    /// A record with a value alone.
    #[must_use]
    pub fn new(topic: TopicName, value: Option<Bytes>) -> Self {
        Self { topic, partition: None, key: None, value, headers: Vec::new(), timestamp: None }
    }
}

/// A record that was not taken, or of which nobody knows whether it was.
#[derive(Debug, Clone, thiserror::Error)]
#[error("produce to {topic}{}", where_of(*.partition, *.broker))]
pub struct ProduceError {
    pub topic: TopicName,
    pub partition: Option<PartitionId>,
    pub broker: Option<i32>,
    #[source]
    pub reason: Failure,
}

impl ProduceError {
    /// Whether the same record may be taken later.
    #[must_use]
    pub fn is_retriable(&self) -> bool {
        self.reason.is_retriable()
    }
}

fn where_of(partition: Option<PartitionId>, broker: Option<i32>) -> String {
    let partition = partition.map(|partition| format!(" partition {partition}"));
    let broker = broker.map(|broker| format!(" at broker {broker}"));
    partition.unwrap_or_default() + &broker.unwrap_or_default()
}

/// A producer, from its start to [`Producer::close`]. What is still under way when it is dropped is given up.
#[derive(Debug)]
pub struct Producer {
    client: Client,
    settings: Arc<ProducerSettings>,
    shared: Arc<Shared>,
    tasks: Tasks,
}

/// A topic that there is not is looked for so often.
const LOOKS: usize = 5;
/// What a record takes in a batch beside its key, its value and its headers, at most.
const RECORD_BYTES: usize = 36;
/// The same of a header.
const HEADER_BYTES: usize = 10;

impl Producer {
    pub(crate) fn spawn(client: Client, settings: ProducerSettings) -> Self {
        let settings = Arc::new(settings);
        let shared = Arc::new(Shared::new(&settings));
        let tasks = Tasks::new(client.parts.spawner.clone(), Shutdown::new());
        let sending = sending::Sending::new(client.clone(), Arc::clone(&settings), Arc::clone(&shared));
        tasks.spawn(sending.run(tasks.shutdown().clone()));
        Self { client, settings, shared, tasks }
    }

    /// Takes records, as soon as there is room for them: what becomes of them is told later. Records of one partition
    /// keep the order in which they are sent, as long as whoever sends waits for this before sending more.
    ///
    /// # Cancel safety
    /// Some of the records may be on their way when this is dropped.
    pub async fn send(&self, records: Vec<ProducerRecord>) -> Sent {
        let ticket = Arc::new(Ticket::new(records.len()));
        let mut known: Option<(TopicName, Result<Arc<TopicMetadata>, Failure>)> = None;
        for (index, record) in records.into_iter().enumerate() {
            if known.as_ref().is_none_or(|(name, _)| *name != record.topic) {
                let topic = Box::pin(self.topic(&record.topic)).await;
                known = Some((record.topic.clone(), topic));
            }
            let Some((_, topic)) = &known else { continue };
            if let Err(error) = self.push(record, topic.as_ref(), (&ticket, index)).await {
                ticket.tell(index, Err(error));
            }
        }
        self.shared.work.notify_one();
        Sent(ticket)
    }

    /// What is known of a topic, which may have to be made first.
    async fn topic(&self, name: &TopicName) -> Result<Arc<TopicMetadata>, Failure> {
        let mut backoff = Backoff::new(Duration::from_millis(50), Duration::from_secs(1));
        let mut looks = 0;
        let deadline = tokio::time::Instant::now() + self.settings.delivery_timeout;
        let metadata = &self.client.parts.metadata;
        // Leaders are the sender's affair: whoever sends does not wait for a broker that is away.
        if let Some(told) = metadata.told(name).filter(|told| !told.partitions.is_empty()) {
            return Ok(told);
        }
        loop {
            let failure = match metadata.topic(&self.client, name, self.settings.creates_topics).await {
                Ok(topic) if !topic.partitions.is_empty() => return Ok(topic),
                Ok(_) => {
                    metadata.is_wrong(name);
                    Failure::NoLeader
                }
                Err(failure) => failure,
            };
            let is_unknown = failure.code() == Some(ResponseError::UnknownTopicOrPartition);
            looks += usize::from(is_unknown);
            let is_late = tokio::time::Instant::now() >= deadline;
            if !failure.is_retriable() || looks >= LOOKS || is_late || self.tasks.shutdown().is_cancelled() {
                return Err(failure);
            }
            tokio::time::sleep(backoff.pause()).await;
        }
    }

    async fn push(
        &self,
        record: ProducerRecord,
        topic: Result<&Arc<TopicMetadata>, &Failure>,
        (ticket, index): (&Arc<Ticket>, usize),
    ) -> Result<(), ProduceError> {
        let (name, partition) = (record.topic.clone(), record.partition);
        let refused = |reason: Failure| {
            let broker = reason.broker();
            ProduceError { topic: name.clone(), partition, broker, reason }
        };
        let topic = topic.map_err(|failure| refused(failure.clone()))?;
        let bytes = bytes_of(&record);
        let limit = self.settings.max_message_bytes;
        if bytes + forebay_kafka_wire::HEADER_BYTES > limit {
            return Err(refused(Failure::TooLarge { bytes, limit }));
        }
        self.room(bytes).await.map_err(&refused)?;
        let timestamp = record.timestamp.unwrap_or_else(|| Timestamp::from(clock::wall()));
        let entry = Entry {
            key: record.key,
            value: record.value,
            headers: record.headers,
            timestamp,
            bytes,
            ticket: Arc::clone(ticket),
            index,
        };
        let pushed = self.shared.lock().push(&self.settings, topic, partition, entry);
        match pushed {
            Ok(has_full_batch) => {
                if has_full_batch {
                    self.shared.work.notify_one();
                }
                Ok(())
            }
            Err(reason) => {
                self.shared.give_back(1, self.shared.held(bytes));
                Err(refused(reason))
            }
        }
    }

    /// Waits for room.
    async fn room(&self, bytes: usize) -> Result<(), Failure> {
        let take = |semaphore: &Semaphore, count: usize| {
            let count = u32::try_from(count).ok()?;
            let permit = semaphore.try_acquire_many(count).ok()?;
            permit.forget();
            Some(())
        };
        let Shared { records, room, .. } = &*self.shared;
        let bytes = self.shared.held(bytes);
        if take(records, 1).is_none() {
            // What waits to be filled up must go, or nobody would make room.
            self.shared.hurry();
            records.acquire().await.map_err(|_| Failure::Closed)?.forget();
        }
        if take(room, bytes).is_none() {
            self.shared.hurry();
            let count = u32::try_from(bytes).unwrap_or(u32::MAX);
            let permits = room.acquire_many(count).await;
            permits.map_err(|_| Failure::Closed)?.forget();
        }
        Ok(())
    }

    /// Sends everything that waits, and waits until all of it is done with.
    pub async fn flush(&self) {
        self.shared.flush().await;
    }

    /// Flushes for so long; what is not done then is given up.
    pub async fn close(self, patience: Duration) {
        // What is left is told to whoever waits for it.
        let _ = tokio::time::timeout(patience, self.flush()).await;
        self.tasks.shutdown().cancel();
        self.tasks.finished().await;
    }
}

impl Drop for Producer {
    fn drop(&mut self) {
        self.tasks.shutdown().cancel();
    }
}

/// What a record takes in a batch, at most.
fn bytes_of(record: &ProducerRecord) -> usize {
    let length = |bytes: &Option<Bytes>| bytes.as_ref().map_or(0, Bytes::len);
    let headers = record.headers.iter().map(|header| HEADER_BYTES + header.key.len() + length(&header.value));
    RECORD_BYTES + length(&record.key) + length(&record.value) + headers.sum::<usize>()
}
