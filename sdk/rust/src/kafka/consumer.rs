use std::fmt;
use std::time::Duration;

use super::{Balancer, Isolation, KafkaError, KafkaFailure, host};
use crate::Batch;
use crate::waits::Woken;

/// A member of a group, or a reader of partitions. Dropped, it is away without a word; [`Consumer::close`] leaves.
pub struct Consumer(pub(super) host::Consumer);

/// A partition of a topic.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TopicPartition {
    pub topic: String,
    pub partition: i32,
}

/// Where a partition is read from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    Earliest,
    Latest,
    /// What the group has committed. Where that is nothing: a failure of the kind `OutOfRange`.
    Committed,
    /// An offset.
    At(i64),
    /// The first record that is not older: milliseconds since 1970.
    Time(i64),
}

/// As which member of which group one reads.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Group {
    pub id: String,
    /// The name of a static member.
    pub instance: Option<String>,
    /// For brokers without groups of KIP-848; none: `CooperativeSticky`.
    pub balancers: Vec<Balancer>,
    pub session_timeout: Option<Duration>,
    pub heartbeat_interval: Option<Duration>,
    /// Also how long a revocation may wait for [`Consumer::release`].
    pub rebalance_timeout: Option<Duration>,
}

/// What is read, and how.
#[derive(Debug, Clone, PartialEq)]
pub struct ConsumerSettings {
    /// Absent: all partitions that are named, and nothing is committed.
    pub group: Option<Group>,
    /// Names or, where `matching`, regular expressions (RE2) that stand anywhere in a name.
    pub topics: Vec<String>,
    pub matching: bool,
    /// Only without a group.
    pub partitions: Vec<(TopicPartition, Start)>,
    /// Where nothing is committed, and where what is committed is not there any more.
    pub start: Start,
    pub isolation: Isolation,
    pub fetch_min_bytes: Option<u32>,
    pub fetch_max_bytes: Option<u32>,
    pub fetch_max_partition_bytes: Option<u32>,
    pub fetch_max_wait: Option<Duration>,
    /// The most messages of one [`Fetched`]. Absent: 10,000.
    pub most: Option<u32>,
    /// Whether headers become arrays of texts.
    pub multi_header: bool,
    /// Whether messages have `kafka_lag`.
    pub lag: bool,
}

/// Records of one partition, in their order. It may have no messages: then only `next` is news.
#[derive(Debug)]
pub struct Fetched {
    pub source: TopicPartition,
    /// The offset of the first message.
    pub first: i64,
    /// The offset behind all of this: what is committed when it is done.
    pub next: i64,
    pub high_watermark: i64,
    /// Each stands for itself; metadata is as `forebay:kafka` says.
    pub messages: Batch,
}

/// What [`Consumer::poll`] gave.
#[derive(Debug)]
pub enum Event {
    Fetched(Fetched),
    /// These are read from now on.
    Assigned(Vec<TopicPartition>),
    /// These go to others when [`Consumer::release`] is called. Nothing more of them comes.
    Revoked(Vec<TopicPartition>),
    /// Others have these already; they can't be committed.
    Lost(Vec<TopicPartition>),
    /// What [`Consumer::start_commit`] has begun has ended so.
    Committed(Result<(), KafkaError>),
    /// Where it is retriable it goes on by itself.
    Failed(KafkaFailure),
    /// Nothing came, but something else is pending: return, so that the host can tell you; or time is over.
    Woken(Woken),
}

/// How far a partition is done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Position {
    pub source: TopicPartition,
    /// The offset behind the last message that is done.
    pub next: i64,
}

impl Consumer {
    /// The next event, for a time or for ever. May wait without bound. Returns at once while something else is pending.
    #[must_use]
    pub fn poll(&self, time: Option<Duration>) -> Event {
        self.0.poll(time)
    }

    /// Nothing of these comes until they are resumed; what was fetched is kept.
    pub fn pause(&self, partitions: &[TopicPartition]) {
        self.0.pause(partitions);
    }

    /// What was paused comes again.
    pub fn resume(&self, partitions: &[TopicPartition]) {
        self.0.resume(partitions);
    }

    /// Reads on from another place.
    pub fn seek(&self, partition: &TopicPartition, start: Start) {
        self.0.seek(partition, start);
    }

    /// Stores for the group how far it is, and waits for it so long at most. What [`Consumer::start_commit`] has begun
    /// and has not ended is given up, and told of no more.
    ///
    /// # Errors
    /// When it is not stored, or only some of it.
    pub fn commit(&self, positions: &[Position], timeout: Duration) -> Result<(), KafkaError> {
        self.0.commit(positions, timeout)
    }

    /// Begins to do so while reading goes on, one at a time; [`Event::Committed`] tells how it ended, after so long at most.
    ///
    /// # Errors
    /// When it can't begin: something is not granted, or the one before has not ended.
    pub fn start_commit(&self, positions: &[Position], timeout: Duration) -> Result<(), KafkaError> {
        self.0.start_commit(positions, timeout)
    }

    /// Gives up what the oldest [`Event::Revoked`] that is not released yet has named: after a commit.
    pub fn release(&self) {
        self.0.release();
    }

    /// Leaves the group, and waits for it so long at most.
    pub fn close(self, timeout: Duration) {
        self.0.close(timeout);
    }
}

impl ConsumerSettings {
    /// All partitions of these topics, from their beginning.
    pub fn topics<T: Into<String>>(topics: impl IntoIterator<Item = T>) -> Self {
        Self {
            group: None,
            topics: topics.into_iter().map(Into::into).collect(),
            matching: false,
            partitions: Vec::new(),
            start: Start::Earliest,
            isolation: Isolation::ReadUncommitted,
            fetch_min_bytes: None,
            fetch_max_bytes: None,
            fetch_max_partition_bytes: None,
            fetch_max_wait: None,
            most: None,
            multi_header: false,
            lag: false,
        }
    }

    /// The same as a member of a group.
    #[must_use]
    pub fn group(self, id: impl Into<String>) -> Self {
        Self { group: Some(Group { id: id.into(), ..Group::default() }), ..self }
    }
}

impl fmt::Display for TopicPartition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.topic, self.partition)
    }
}

impl fmt::Debug for Consumer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Consumer").finish_non_exhaustive()
    }
}
