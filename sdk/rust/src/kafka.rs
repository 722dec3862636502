//! Topics of Kafka clusters: consuming with and without groups, producing. Connections, logins, groups and batches of
//! records are the host's; records come and go as batches of messages. What is granted is clusters, topics and groups;
//! natively there is the broker that a test makes (`testing::kafka`).
//!
//! ```
//! use std::time::Duration;
//!
//! use forebay_sdk::config::Values;
//! use forebay_sdk::kafka::{Cluster, ClusterSettings, ConsumerSettings, Event, KafkaError, ProducerSettings, Routes};
//! # use forebay_sdk::{Batch, Operation};
//!
//! fn first(cluster: &Cluster) -> Result<Option<Batch>, KafkaError> {
//!     let consumer = cluster.consumer(ConsumerSettings::topics(["orders"]).group("billing"))?;
//!     Ok(match consumer.poll(Some(Duration::from_secs(5))) {
//!         Event::Fetched(fetched) => Some(fetched.messages),
//!         _ => None,
//!     })
//! }
//!
//! fn send(cluster: &Cluster, messages: &Batch) -> Result<Operation, KafkaError> {
//!     let producer = cluster.producer(ProducerSettings::default())?;
//!     producer.send(messages, &Routes::to(Values::Constant("orders")))
//! }
//!
//! fn open() -> Result<Cluster, KafkaError> {
//!     Cluster::open(ClusterSettings::new(["localhost:9092"]))
//! }
//! ```

mod consumer;
mod error;
#[cfg(target_arch = "wasm32")]
mod host;
mod producer;
mod settings;

use std::fmt;
use std::time::Duration;

pub use consumer::{Consumer, ConsumerSettings, Event, Fetched, Group, Position, Start, TopicPartition};
pub use error::{KafkaError, KafkaFailure};
pub use producer::{Partitioner, Producer, ProducerSettings, Routes, Unsent};
pub use settings::{ClusterSettings, Login, Tls, Token};

/// What brokers, groups and producers know by name.
pub use crate::bindings::capabilities::forebay::kafka::kafka::{
    Acks, Balancer, Compression, FailureKind, Isolation,
};
#[cfg(not(target_arch = "wasm32"))]
use crate::testing::kafka_memory as host;

/// A cluster, for the consumers and producers of this instance. Nothing is sent before something is asked.
pub struct Cluster(host::Cluster);

impl Cluster {
    /// Opens a cluster.
    ///
    /// # Errors
    /// When it is not granted, or a setting is wrong.
    pub fn open(settings: ClusterSettings) -> Result<Self, KafkaError> {
        host::Cluster::open(settings).map(Self)
    }

    /// Asks any broker whether it is there and takes the login.
    ///
    /// # Errors
    /// When none answers in time.
    pub fn ping(&self, timeout: Duration) -> Result<(), KafkaError> {
        self.0.ping(timeout)
    }

    /// Starts at once: it joins its group and fetches ahead.
    ///
    /// # Errors
    /// When a topic or the group is not granted, or a setting is wrong.
    pub fn consumer(&self, settings: ConsumerSettings) -> Result<Consumer, KafkaError> {
        self.0.consumer(settings).map(Consumer)
    }

    /// What sends.
    ///
    /// # Errors
    /// When a setting is wrong.
    pub fn producer(&self, settings: ProducerSettings) -> Result<Producer, KafkaError> {
        self.0.producer(settings).map(Producer)
    }
}

impl fmt::Debug for Cluster {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cluster").finish_non_exhaustive()
    }
}
