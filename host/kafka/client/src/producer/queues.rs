//! What waits to be sent: batches of each partition, in the order in which their records came. Nothing here waits.

mod pushing;
mod queue;
mod unknown;

use std::collections::{BTreeMap, BTreeSet};
use std::iter::Peekable;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use forebay_kafka_wire::{BatchBuilder, BuildError, Compression, RecordHeader};
use forebay_model::{Offset, RecordCount, Sequence, Timestamp, TopicName};
use tokio::sync::{Notify, Semaphore};
use tokio::time::Instant;

pub(super) use self::pushing::Pushed;
use self::pushing::Unfit;
pub(super) use self::queue::{Identity, Queue, Reset};
use self::unknown::Unknown;
use super::partitioner::Chosen;
use super::ticket::{Produced, Ticket};
use super::{ProduceError, ProducerSettings};
use crate::failure::Failure;
use crate::topic_partition::TopicPartition;

/// A record that waits.
#[derive(Debug)]
pub(super) struct Entry {
    pub key: Option<Bytes>,
    pub value: Option<Bytes>,
    pub headers: Vec<RecordHeader>,
    pub timestamp: Timestamp,
    /// What it takes at most.
    pub bytes: usize,
    pub ticket: Arc<Ticket>,
    /// Which one of the ticket's it is.
    pub index: usize,
    /// Where it waited for its topic: the number of what came then.
    pub came_in: Option<u64>,
}

/// Records that go together.
#[derive(Debug)]
pub(super) struct Batch {
    pub number: u64,
    /// The number of the batch that its records came in: whoever flushes waits for all of those.
    pub came_in: u64,
    pub entries: Vec<Entry>,
    pub bytes: usize,
    pub created: Instant,
    /// Nothing is added any more.
    pub is_closed: bool,
    pub is_in_flight: bool,
    /// Of its first record, once it was sent.
    pub sequence: Option<Sequence>,
    /// Why it was not taken the last time.
    pub last: Option<(Option<i32>, Failure)>,
}

#[derive(Debug, Default)]
pub(super) struct State {
    pub queues: BTreeMap<TopicPartition, Queue>,
    pub unknown: Unknown,
    chosen: BTreeMap<TopicName, Chosen>,
    numbers: u64,
    /// How many wait for everything to be sent.
    flushing: usize,
    /// How many wait for room: all that holds it should go.
    hurrying: usize,
    is_closed: bool,
}

/// The state, and who waits for changes of it.
#[derive(Debug)]
pub(super) struct Shared {
    state: Mutex<State>,
    /// There may be something to send.
    pub work: Notify,
    /// A batch is done with.
    idle: Notify,
    /// Room for records, and for their bytes.
    pub records: Semaphore,
    pub room: Semaphore,
    most_bytes: usize,
}

/// A batch that can be sent.
#[derive(Debug)]
pub(super) struct Ready {
    pub partition: TopicPartition,
    pub number: u64,
    /// As it goes over the wire.
    pub bytes: Bytes,
}

/// Partitions that nothing is sent to are remembered until they are more, and then so many of them.
const MOST_IDLE: usize = 20_000;
const IDLE_KEPT: usize = 10_000;

impl Shared {
    pub(super) fn new(settings: &ProducerSettings) -> Self {
        let most_bytes = settings.max_buffered_bytes.clamp(1, Semaphore::MAX_PERMITS.min(u32::MAX as usize));
        Self {
            state: Mutex::default(),
            work: Notify::new(),
            idle: Notify::new(),
            records: Semaphore::new(settings.max_buffered_records.clamp(1, Semaphore::MAX_PERMITS)),
            room: Semaphore::new(most_bytes),
            most_bytes,
        }
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn give_back(&self, records: usize, bytes: usize) {
        self.records.add_permits(records);
        self.room.add_permits(bytes);
    }

    /// What a record takes of the room.
    pub(super) fn held(&self, bytes: usize) -> usize {
        bytes.min(self.most_bytes)
    }

    /// Has all that waits go, until the answer is dropped: what can't go now goes as soon as it can.
    pub(super) fn hurry(&self) -> Hurrying<'_> {
        self.lock().hurrying += 1;
        self.work.notify_one();
        Hurrying(self)
    }

    pub(super) async fn flush(&self) {
        let last = {
            let mut state = self.lock();
            state.flushing += 1;
            state.numbers
        };
        let _flushing = Flushing(self);
        self.work.notify_one();
        loop {
            let idle = self.idle.notified();
            tokio::pin!(idle);
            // Whoever comes to an end from here on is heard.
            idle.as_mut().enable();
            if self.lock().is_flushed(last) {
                return;
            }
            idle.await;
        }
    }

    /// Tells what has become of batches that are taken out, and gives back their room.
    pub(super) fn finish(
        &self,
        partition: &TopicPartition,
        batch: Batch,
        outcome: &Result<Option<Offset>, ProduceError>,
    ) {
        let number = partition.partition;
        let told = |index: u32| match outcome {
            Ok(base) => {
                let offset = base.and_then(|base| base.advanced(RecordCount::new(index)));
                Ok(Produced { partition: number, offset })
            }
            Err(error) => Err(error.clone()),
        };
        let bytes = batch.entries.iter().map(|entry| self.held(entry.bytes)).sum();
        self.give_back(batch.entries.len(), bytes);
        let mut entries = (0_u32..).zip(&batch.entries).peekable();
        while let Some((_, first)) = entries.peek() {
            let ticket = Arc::clone(&first.ticket);
            ticket.tell(of_ticket(&mut entries, &ticket).map(|(index, entry)| (entry.index, told(index))));
        }
        self.idle.notify_waiters();
    }

    /// Tells that records of a topic are not taken, and gives back their room.
    pub(super) fn refuse(&self, topic: &TopicName, refused: Vec<Unfit>) {
        if refused.is_empty() {
            return;
        }
        let bytes = refused.iter().map(|(_, entry, _)| self.held(entry.bytes)).sum();
        self.give_back(refused.len(), bytes);
        for (partition, Entry { ticket, index, .. }, reason) in refused {
            let (topic, broker) = (topic.clone(), reason.broker());
            ticket.tell([(index, Err(ProduceError { topic, partition, broker, reason }))]);
        }
        self.idle.notify_waiters();
    }

    /// Nothing more is sent: what waits is given up.
    pub(super) fn close(&self) {
        self.records.close();
        self.room.close();
        let mut state = self.lock();
        state.is_closed = true;
        let queues = std::mem::take(&mut state.queues);
        let unknown = state.unknown.close();
        drop(state);
        for (topic, refused) in unknown {
            self.refuse(&topic, refused);
        }
        for (partition, queue) in queues {
            for batch in queue.batches {
                let (broker, reason) = batch.last.clone().unwrap_or((None, Failure::Closed));
                let error = error(&partition, broker, reason);
                self.finish(&partition, batch, &Err(error));
            }
        }
        self.idle.notify_waiters();
    }
}

/// The entries of a ticket that come next.
fn of_ticket<'a>(
    entries: &mut Peekable<impl Iterator<Item = (u32, &'a Entry)>>,
    ticket: &Arc<Ticket>,
) -> impl Iterator<Item = (u32, &'a Entry)> {
    std::iter::from_fn(move || entries.next_if(|(_, entry)| Arc::ptr_eq(&entry.ticket, ticket)))
}

struct Flushing<'a>(&'a Shared);

impl Drop for Flushing<'_> {
    fn drop(&mut self) {
        self.0.lock().flushing -= 1;
    }
}

/// Somebody who waits for room.
pub(super) struct Hurrying<'a>(&'a Shared);

impl Drop for Hurrying<'_> {
    fn drop(&mut self) {
        self.0.lock().hurrying -= 1;
    }
}

pub(super) fn error(partition: &TopicPartition, broker: Option<i32>, reason: Failure) -> ProduceError {
    ProduceError { topic: partition.topic.clone(), partition: Some(partition.partition), broker, reason }
}

impl Batch {
    /// One that waits for more records.
    fn new(number: u64, first: Entry) -> Self {
        Self {
            number,
            came_in: first.came_in.unwrap_or(number),
            bytes: first.bytes,
            entries: vec![first],
            created: Instant::now(),
            is_closed: false,
            is_in_flight: false,
            sequence: None,
            last: None,
        }
    }

    /// The batch as it goes over the wire.
    pub(super) fn build(
        &self,
        compression: Compression,
        identity: Option<Identity>,
    ) -> Result<Bytes, BuildError> {
        let mut builder = BatchBuilder::new(Offset::ZERO, compression).reserved(self.bytes);
        if let Some(identity) = identity {
            builder = builder.producer(identity.id, identity.epoch, self.sequence);
        }
        for entry in &self.entries {
            let (key, value) = (entry.key.as_deref(), entry.value.as_deref());
            builder.push(entry.timestamp, key, value, &entry.headers)?;
        }
        Ok(builder.build()?.into_bytes())
    }

    pub(super) fn count(&self) -> RecordCount {
        RecordCount::new(u32::try_from(self.entries.len()).unwrap_or(u32::MAX))
    }
}

impl State {
    /// Whether all that waits came in later than `last`.
    fn is_flushed(&self, last: u64) -> bool {
        let mut batches = self.queues.values().flat_map(|queue| &queue.batches);
        self.unknown.is_flushed(last) && batches.all(|batch| batch.came_in > last)
    }

    /// Begins sequences anew where that can be done: whether some partition waits for an identity.
    pub(super) fn renew(&mut self) -> bool {
        self.queues.values_mut().for_each(Queue::renew);
        self.queues.values().any(|queue| queue.identity.is_none() && !queue.batches.is_empty())
    }

    /// Whether batches go although they could wait for more records.
    pub(super) fn is_urgent(&self) -> bool {
        self.flushing > 0 || self.hurrying > 0
    }

    /// A batch of a partition is sent: the next records without a key go elsewhere.
    pub(super) fn batch_ended(&mut self, partition: &TopicPartition, settings: &ProducerSettings) {
        if let Some(chosen) = self.chosen.get_mut(&partition.topic)
            && let Ok(index) = usize::try_from(partition.partition.get())
        {
            chosen.batch_ended(index, &settings.partitioner);
        }
    }

    /// Makes two batches of one, with half of its records each. Together they have the sequences that it had.
    pub(super) fn halve(&mut self, partition: &TopicPartition, number: u64) {
        let Some(queue) = self.queues.get_mut(partition) else { return };
        let Some(index) = queue.batches.iter().position(|batch| batch.number == number) else { return };
        let Some(batch) = queue.batches.get_mut(index) else { return };
        let entries = batch.entries.split_off(batch.entries.len() / 2);
        let bytes = entries.iter().map(|entry| entry.bytes).sum();
        batch.bytes = batch.bytes.saturating_sub(bytes);
        let sequence = batch.sequence.map(|first| first.advanced(batch.count()));
        self.numbers += 1;
        let second = Batch {
            number: self.numbers,
            came_in: batch.came_in,
            entries,
            bytes,
            created: batch.created,
            is_closed: true,
            is_in_flight: false,
            sequence,
            last: None,
        };
        queue.batches.insert(index + 1, second);
    }

    /// Forgets partitions that nothing is sent to, where there are many, apart from those that were used last: whether
    /// brokers know one of them by an identity. Then partitions that are not known here must have another: where one is
    /// back, sequences begin at zero, and brokers would take its first batch for one that they have.
    pub(super) fn tidy(&mut self) -> bool {
        if self.queues.len() <= MOST_IDLE {
            return false;
        }
        let idle = self.queues.values().filter(|queue| queue.is_idle());
        let mut newest: Vec<_> = idle.map(|queue| queue.newest).collect();
        if newest.len() <= MOST_IDLE {
            return false;
        }
        let (_, first, _) = newest.select_nth_unstable_by(IDLE_KEPT - 1, |one, other| other.cmp(one));
        let mut was_known = false;
        self.queues.retain(|_, queue| {
            let is_kept = !queue.is_idle() || queue.newest >= *first;
            was_known |= !is_kept && queue.identity.is_some();
            is_kept
        });
        let topics: BTreeSet<_> = self.queues.keys().map(|partition| &partition.topic).collect();
        self.chosen.retain(|topic, _| topics.contains(topic));
        was_known
    }
}
