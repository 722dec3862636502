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
use forebay_lifecycle::{Shutdown, Tasks, clock};
use forebay_model::{PartitionId, Timestamp, TopicName};
use tokio::sync::{Semaphore, SemaphorePermit};

pub use self::partitioner::Partitioner;
use self::queues::{Entry, Pushed, Shared};
use self::ticket::Ticket;
pub use self::ticket::{Produced, Sent};
use crate::client::Client;
use crate::failure::Failure;

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

/// Records of one call that are not taken yet.
struct Left {
    ticket: Arc<Ticket>,
    /// Of the next one.
    index: usize,
    records: std::vec::IntoIter<ProducerRecord>,
}

/// Records that are put into batches together: each time all of them are looked at, also where there is room for one.
const TOGETHER: usize = 256;
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
        let mut records = Left { ticket: Arc::clone(&ticket), index: 0, records: records.into_iter() };
        while let Some(name) = records.topic() {
            while let Some(count) = records.of(&name) {
                self.push(&name, &mut records, count).await;
            }
        }
        self.shared.work.notify_one();
        Sent(ticket)
    }

    /// Takes as many of the next `count` records as there is room for, which are of one topic: at least one.
    async fn push(&self, name: &TopicName, left: &mut Left, count: usize) {
        let missing = self.shared.lock().unknown.refuses(name);
        if let Some(failure) = missing {
            left.refuse(count, &failure);
            return;
        }
        let next = left.records.as_slice().get(..count).unwrap_or_default();
        let limit = self.settings.max_message_bytes.saturating_sub(forebay_kafka_wire::HEADER_BYTES);
        let sizes: Vec<_> = next.iter().map(bytes_of).take_while(|bytes| *bytes <= limit).collect();
        if sizes.is_empty() {
            let bytes = next.first().map_or(0, bytes_of);
            left.refuse(1, &Failure::TooLarge { bytes, limit: self.settings.max_message_bytes });
            return;
        }
        let taken = match self.room(&sizes).await {
            Ok(taken) => taken,
            Err(failure) => {
                left.refuse(count, &failure);
                return;
            }
        };
        let (ticket, now) = (Arc::clone(&left.ticket), Timestamp::from(clock::wall()));
        let entries = left.next().zip(sizes).take(taken).map(|((index, record), bytes)| {
            let ProducerRecord { topic: _, partition, key, value, headers, timestamp } = record;
            let (ticket, timestamp) = (Arc::clone(&ticket), timestamp.unwrap_or(now));
            (partition, Entry { key, value, headers, timestamp, bytes, ticket, index, came_in: None })
        });
        // Topics and leaders are the sender's affair: whoever sends waits for no broker.
        let told = self.client.parts.metadata.told(name).filter(|told| !told.partitions.is_empty());
        let topic = (name, told.as_deref());
        let Pushed { has_work, refused } = self.shared.lock().accept(&self.settings, topic, entries);
        if has_work {
            self.shared.work.notify_one();
        }
        self.shared.refuse(name, refused);
    }

    /// Room for as many records of these sizes as there is; where there is none, waits for that of the first.
    async fn room(&self, sizes: &[usize]) -> Result<usize, Failure> {
        let Shared { records, room, .. } = &*self.shared;
        let (most, mut free) = (records.available_permits(), room.available_permits());
        let fits = |bytes: &&usize| {
            let left = free.checked_sub(self.shared.held(**bytes));
            free = left.unwrap_or(0);
            left.is_some()
        };
        let fitting = sizes.iter().take(most).take_while(fits).count();
        let bytes = sizes.iter().take(fitting).map(|bytes| self.shared.held(*bytes)).sum();
        if fitting > 0
            && let Some(place) = take(records, fitting)
            && let Some(room) = take(room, bytes)
        {
            place.forget();
            room.forget();
            return Ok(fitting);
        }
        let bytes = self.shared.held(sizes.first().copied().unwrap_or_default());
        let place = match take(records, 1) {
            Some(place) => place,
            None => {
                // What waits to be filled up must go, or nobody would make room.
                let _hurrying = self.shared.hurry();
                records.acquire().await.map_err(|_| Failure::Closed)?
            }
        };
        let room = match take(room, bytes) {
            Some(room) => room,
            None => {
                let _hurrying = self.shared.hurry();
                let permits = room.acquire_many(u32::try_from(bytes).unwrap_or(u32::MAX)).await;
                permits.map_err(|_| Failure::Closed)?
            }
        };
        // Both or none: whoever waits may be dropped.
        place.forget();
        room.forget();
        Ok(1)
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

/// That much of it, if it is there.
fn take(semaphore: &Semaphore, count: usize) -> Option<SemaphorePermit<'_>> {
    semaphore.try_acquire_many(u32::try_from(count).ok()?).ok()
}

impl Left {
    /// That of the next record.
    fn topic(&self) -> Option<TopicName> {
        self.records.as_slice().first().map(|record| record.topic.clone())
    }

    /// How many records of a topic come next, at most so many that can be put into their batches together; none where
    /// there are none.
    fn of(&self, topic: &TopicName) -> Option<usize> {
        let next = self.records.as_slice().iter().take_while(|record| record.topic == *topic);
        let next = next.take(TOGETHER);
        Some(next.count()).filter(|count| *count > 0)
    }

    /// The records that are left, each with its place among all.
    fn next(&mut self) -> impl Iterator<Item = (usize, ProducerRecord)> {
        let Self { index, records, .. } = self;
        records.map(|record| {
            *index += 1;
            (*index - 1, record)
        })
    }

    /// Tells that the next `count` records are not taken.
    fn refuse(&mut self, count: usize, failure: &Failure) {
        let ticket = Arc::clone(&self.ticket);
        ticket.tell(self.next().take(count).map(|(index, record)| {
            let ProducerRecord { topic, partition, .. } = record;
            let (broker, reason) = (failure.broker(), failure.clone());
            (index, Err(ProduceError { topic, partition, broker, reason }))
        }));
    }
}

/// What a record takes in a batch, at most.
fn bytes_of(record: &ProducerRecord) -> usize {
    let length = |bytes: &Option<Bytes>| bytes.as_ref().map_or(0, Bytes::len);
    let headers = record.headers.iter().map(|header| HEADER_BYTES + header.key.len() + length(&header.value));
    RECORD_BYTES + length(&record.key) + length(&record.value) + headers.sum::<usize>()
}
