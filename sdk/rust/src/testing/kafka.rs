//! A Kafka cluster in memory.

pub(crate) mod memory;
mod reading;
mod sending;

use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;

use crate::kafka::{
    ClusterSettings, ConsumerSettings, KafkaError, KafkaFailure, ProducerSettings, TopicPartition, Unsent,
};

thread_local! {
    static BROKER: RefCell<Option<KafkaBroker>> = const { RefCell::new(None) };
}

/// All brokers of a cluster, and what a test has happen to its consumers and producers. What is sent is there at once.
#[derive(Debug, Clone, Default)]
pub struct KafkaBroker(Rc<RefCell<State>>);

#[derive(Debug, Default)]
struct State {
    /// The records of each partition.
    topics: BTreeMap<String, Vec<Vec<KafkaRecord>>>,
    committed: BTreeMap<(String, TopicPartition), i64>,
    opened: Vec<ClusterSettings>,
    consumers: Vec<ConsumerSettings>,
    producers: Vec<ProducerSettings>,
    /// The calls that fail next, by their names.
    failing: VecDeque<(&'static str, KafkaError)>,
    /// The topics of which the next message that is sent fails.
    broken: VecDeque<(String, KafkaFailure)>,
    script: VecDeque<Scripted>,
    released: Vec<Vec<TopicPartition>>,
    closed: usize,
    /// Whether commits that were started do not end.
    holds_commits: bool,
    /// By operation.
    unsent: BTreeMap<u64, Vec<Unsent>>,
    operations: u64,
}

/// What a consumer is told next.
#[derive(Debug)]
enum Scripted {
    Assigned(Vec<TopicPartition>),
    Revoked(Vec<TopicPartition>),
    Lost(Vec<TopicPartition>),
    Failed(KafkaFailure),
}

/// A record of a test.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct KafkaRecord {
    pub key: Option<Vec<u8>>,
    /// Absent for a tombstone.
    pub value: Option<Vec<u8>>,
    pub headers: Vec<(String, Vec<u8>)>,
    /// Milliseconds since 1970.
    pub timestamp: i64,
}

/// Lets [`Cluster::open`](crate::kafka::Cluster::open) open a cluster in memory from now on, in this thread.
#[must_use]
pub fn kafka() -> KafkaBroker {
    let broker = KafkaBroker::default();
    BROKER.set(Some(broker.clone()));
    broker
}

impl KafkaRecord {
    /// A record with this value and nothing else.
    #[must_use]
    pub fn of(value: impl AsRef<[u8]>) -> Self {
        Self { value: Some(value.as_ref().to_vec()), ..Self::default() }
    }

    /// A record without a value.
    #[must_use]
    pub fn tombstone(key: impl AsRef<[u8]>) -> Self {
        Self::default().key(key)
    }

    /// The same with a key.
    #[must_use]
    pub fn key(self, key: impl AsRef<[u8]>) -> Self {
        Self { key: Some(key.as_ref().to_vec()), ..self }
    }

    /// The same with one more header.
    #[must_use]
    pub fn header(mut self, key: &str, value: impl AsRef<[u8]>) -> Self {
        self.headers.push((key.to_owned(), value.as_ref().to_vec()));
        self
    }

    /// The same at a time: milliseconds since 1970.
    #[must_use]
    pub fn at(self, timestamp: i64) -> Self {
        Self { timestamp, ..self }
    }
}

impl KafkaBroker {
    /// Makes a topic with so many partitions, or gives one more of them. Consumers find it when they look next.
    pub fn topic(&self, topic: &str, partitions: usize) {
        let mut state = self.0.borrow_mut();
        let logs = state.topics.entry(topic.to_owned()).or_default();
        logs.resize_with(partitions.max(logs.len()), Vec::new);
    }

    /// Appends a record to a partition, which is made if it is not there, and tells its offset.
    ///
    /// # Panics
    /// When the number of the partition is none.
    pub fn append(&self, topic: &str, partition: i32, record: KafkaRecord) -> i64 {
        let at = usize::try_from(partition).expect("partitions are numbered from 0");
        self.topic(topic, at + 1);
        let mut state = self.0.borrow_mut();
        let log = &mut state.topics.get_mut(topic).expect("it was made above")[at];
        log.push(record);
        offset(log.len() - 1)
    }

    /// All records of a partition.
    #[must_use]
    pub fn records(&self, topic: &str, partition: i32) -> Vec<KafkaRecord> {
        let state = self.0.borrow();
        let log = usize::try_from(partition).ok().and_then(|at| state.topics.get(topic)?.get(at));
        log.cloned().unwrap_or_default()
    }

    /// The values of all records of a partition as text, for comparisons.
    #[must_use]
    pub fn values(&self, topic: &str, partition: i32) -> Vec<String> {
        let text = |record: KafkaRecord| {
            String::from_utf8_lossy(record.value.as_deref().unwrap_or_default()).into_owned()
        };
        self.records(topic, partition).into_iter().map(text).collect()
    }

    /// What a group has committed.
    #[must_use]
    pub fn committed(&self, group: &str, topic: &str, partition: i32) -> Option<i64> {
        let place = TopicPartition { topic: topic.to_owned(), partition };
        self.0.borrow().committed.get(&(group.to_owned(), place)).copied()
    }

    /// Has a group go on from an offset.
    pub fn commit(&self, group: &str, topic: &str, partition: i32, next: i64) {
        let place = TopicPartition { topic: topic.to_owned(), partition };
        self.0.borrow_mut().committed.insert((group.to_owned(), place), next);
    }

    /// The settings of clusters that were opened since this was asked last. Secrets are shown by reference.
    #[must_use]
    pub fn take_opened(&self) -> Vec<ClusterSettings> {
        std::mem::take(&mut self.0.borrow_mut().opened)
    }

    /// The settings of consumers since this was asked last.
    #[must_use]
    pub fn take_consumers(&self) -> Vec<ConsumerSettings> {
        std::mem::take(&mut self.0.borrow_mut().consumers)
    }

    /// The settings of producers since this was asked last.
    #[must_use]
    pub fn take_producers(&self) -> Vec<ProducerSettings> {
        std::mem::take(&mut self.0.borrow_mut().producers)
    }

    /// Has the next call of this name fail: `open`, `ping`, `consumer`, `producer`, `commit` or `send`.
    pub fn fail(&self, call: &'static str, error: KafkaError) {
        self.0.borrow_mut().failing.push_back((call, error));
    }

    /// Has the next message that is sent to this topic fail.
    pub fn break_send(&self, topic: &str, failure: KafkaFailure) {
        self.0.borrow_mut().broken.push_back((topic.to_owned(), failure));
    }

    /// Has the next poll give these partitions back to the consumer.
    pub fn assign(&self, partitions: &[(&str, i32)]) {
        self.0.borrow_mut().script.push_back(Scripted::Assigned(places(partitions)));
    }

    /// Has the next poll take these partitions away from the consumer, which may commit before it releases them.
    pub fn revoke(&self, partitions: &[(&str, i32)]) {
        self.0.borrow_mut().script.push_back(Scripted::Revoked(places(partitions)));
    }

    /// Has the next poll say that others have these partitions: commits of them fail.
    pub fn lose(&self, partitions: &[(&str, i32)]) {
        self.0.borrow_mut().script.push_back(Scripted::Lost(places(partitions)));
    }

    /// Has the next poll give a failure.
    pub fn fail_poll(&self, failure: KafkaFailure) {
        self.0.borrow_mut().script.push_back(Scripted::Failed(failure));
    }

    /// What was released since this was asked last, call by call.
    #[must_use]
    pub fn take_released(&self) -> Vec<Vec<TopicPartition>> {
        std::mem::take(&mut self.0.borrow_mut().released)
    }

    /// Whether commits that were started do not end, until this is said otherwise.
    pub fn hold_commits(&self, is_held: bool) {
        self.0.borrow_mut().holds_commits = is_held;
    }

    /// How many consumers were closed.
    #[must_use]
    pub fn closed(&self) -> usize {
        self.0.borrow().closed
    }

    fn called(&self, call: &'static str) -> Result<(), KafkaError> {
        let failing = &mut self.0.borrow_mut().failing;
        match failing.iter().position(|(name, _)| *name == call) {
            Some(at) => failing.remove(at).map_or(Ok(()), |(_, error)| Err(error)),
            None => Ok(()),
        }
    }

    /// All partitions of a topic.
    fn partitions(&self, topic: &str) -> Vec<TopicPartition> {
        let count = self.0.borrow().topics.get(topic).map_or(0, Vec::len);
        let count = i32::try_from(count).unwrap_or(i32::MAX);
        (0..count).map(|partition| TopicPartition { topic: topic.to_owned(), partition }).collect()
    }

    fn topic_names(&self) -> Vec<String> {
        self.0.borrow().topics.keys().cloned().collect()
    }
}

fn places(partitions: &[(&str, i32)]) -> Vec<TopicPartition> {
    let place = |(topic, partition): &(&str, i32)| TopicPartition {
        topic: (*topic).to_owned(),
        partition: *partition,
    };
    partitions.iter().map(place).collect()
}

fn offset(at: usize) -> i64 {
    i64::try_from(at).unwrap_or(i64::MAX)
}

/// Whether a pattern of a test stands in a text: letters, `.*`, and `^` and `$` at its ends.
fn is_match(pattern: &str, text: &str) -> bool {
    let (pattern, from_start) = pattern.strip_prefix('^').map_or((pattern, false), |rest| (rest, true));
    let (pattern, to_end) = pattern.strip_suffix('$').map_or((pattern, false), |rest| (rest, true));
    let mut rest = text;
    for (index, piece) in pattern.split(".*").enumerate() {
        let Some(at) = rest.find(piece) else { return false };
        if index == 0 && from_start && at > 0 {
            return false;
        }
        rest = &rest[at + piece.len()..];
    }
    !to_end || rest.is_empty() || text.ends_with(pattern.rsplit(".*").next().unwrap_or_default())
}

#[cfg(test)]
mod tests;
