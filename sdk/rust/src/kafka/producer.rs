use std::fmt;
use std::time::Duration;

use super::{Acks, Compression, KafkaError, KafkaFailure, host};
use crate::config::Values;
use crate::{Batch, Operation};

/// What sends. What was sent and has not ended when it is dropped goes on.
pub struct Producer(pub(super) host::Producer);

/// How a message without a partition gets one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Partitioner {
    /// Keys by murmur2 as in Java; without a key one partition for each batch.
    StickyKey,
    Murmur2Hash,
    RoundRobin,
    LeastBackup,
    UniformBytes {
        bytes: u64,
        adaptive: bool,
        keys: bool,
    },
    /// Every message must say its partition.
    Manual,
}

/// How records are sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProducerSettings {
    pub partitioner: Partitioner,
    pub idempotent: bool,
    pub acks: Acks,
    /// In the order of preference. None: snappy, else none.
    pub compression: Vec<Compression>,
    /// Metadata whose keys begin so becomes headers.
    pub include_prefixes: Vec<String>,
    /// And metadata in whose keys one of these is found (RE2).
    pub include_patterns: Vec<String>,
    /// Bytes of a batch of records.
    pub max_message_bytes: Option<u64>,
    /// Bytes of a request.
    pub broker_write_max_bytes: Option<u64>,
    pub max_buffered_records: Option<u32>,
    /// How long a broker may take for a batch.
    pub timeout: Option<Duration>,
    /// After so long without success a record fails. Absent: 2 minutes.
    pub delivery_timeout: Option<Duration>,
    pub linger: Option<Duration>,
    /// Keeps the order of a partition also where something fails.
    pub strict_order: bool,
    pub creates_topics: bool,
}

/// Where the messages of a batch go.
#[derive(Debug)]
pub struct Routes<'a> {
    pub topic: Values<'a>,
    /// Absent, and `null`: no key.
    pub key: Option<Values<'a>>,
    /// A number. Only [`Partitioner::Manual`] looks at it.
    pub partition: Option<Values<'a>>,
    /// Milliseconds since 1970. Absent: now.
    pub timestamp: Option<Values<'a>>,
    /// `true`: the value is null, whatever the payload is.
    pub tombstone: Option<Values<'a>>,
    /// Whether a payload that is null is a tombstone. Otherwise it is an empty value.
    pub keeps_nulls: bool,
}

/// Messages that were not delivered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unsent {
    pub failure: KafkaFailure,
    /// Indexes in the batch.
    pub messages: Vec<u32>,
}

impl Producer {
    /// Starts to send all messages of a batch, which do not pass through the guest. The operation succeeds when all
    /// are acknowledged.
    ///
    /// # Errors
    /// When too much is under way. What is wrong with one message is told by [`Producer::failures`].
    pub fn send(&self, messages: &Batch, routes: &Routes<'_>) -> Result<Operation, KafkaError> {
        self.0.send(messages, routes)
    }

    /// What a send that has ended could not deliver; the rest is delivered. Once.
    #[must_use]
    pub fn failures(&self, operation: &Operation) -> Vec<Unsent> {
        self.0.failures(operation)
    }
}

impl Default for ProducerSettings {
    fn default() -> Self {
        Self {
            partitioner: Partitioner::StickyKey,
            idempotent: true,
            acks: Acks::All,
            compression: Vec::new(),
            include_prefixes: Vec::new(),
            include_patterns: Vec::new(),
            max_message_bytes: None,
            broker_write_max_bytes: None,
            max_buffered_records: None,
            timeout: None,
            delivery_timeout: None,
            linger: None,
            strict_order: false,
            creates_topics: true,
        }
    }
}

impl<'a> Routes<'a> {
    /// All to this topic, without keys.
    #[must_use]
    pub fn to(topic: Values<'a>) -> Self {
        Self { topic, key: None, partition: None, timestamp: None, tombstone: None, keeps_nulls: false }
    }
}

impl fmt::Debug for Producer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Producer").finish_non_exhaustive()
    }
}
