//! A client of Kafka clusters, from outside and from inside of an agent.
//!
//! - [`Client`] is a cluster: it makes a [`Producer`] (batches, partitioners, retries in order, idempotence) and a
//!   [`Consumer`] (partitions, topics, patterns, groups of both protocols).
//! - [`Transport`] is how it reaches brokers, with the typed requests of `kafka-protocol`: [`Tcp`] connects to them, an
//!   agent has another one that calls its broker in the same process. Everything above it is the same.
//! - [`Connection`] is one TCP connection that asks one request after the other: what the command line and tests need.
//!
//! Answers are walked before they are decoded, as a broker does with requests: what one claims makes no room.
//!
//! ```
//! # async fn f() -> Result<(), Box<dyn std::error::Error>> {
//! use std::sync::Arc;
//! use forebay_kafka_client::{
//!     Client, ClientSettings, ConsumerEvent, ConsumerSettings, ProducerRecord, ProducerSettings, Subscription, Tcp,
//!     TcpSettings,
//! };
//! use forebay_lifecycle::Spawner;
//!
//! let settings = TcpSettings::new(vec![("localhost".to_owned(), 9092)], "example");
//! let tcp = Arc::new(Tcp::new(settings, Spawner::current())?);
//! let client = Client::new(tcp, ClientSettings::default(), Spawner::current());
//! let producer = client.producer(ProducerSettings::default());
//! let record = ProducerRecord::new("logs".parse()?, Some("hello".into()));
//! producer.send(vec![record]).await.outcomes().await;
//!
//! let consumer = client.consumer(ConsumerSettings::new(Subscription::Topics(vec!["logs".parse()?])))?;
//! while let Some(event) = consumer.next().await {
//!     if let ConsumerEvent::Fetched(fetched) = event {
//!         for record in fetched.records(1 << 20) {
//!             println!("{:?}", record?.value);
//!         }
//!     }
//! }
//! # Ok(()) }
//! ```

mod administration;
mod client;
mod connection;
mod consumer;
mod error;
mod failure;
mod fetch;
mod metadata;
mod produce;
mod producer;
mod request;
mod security;
mod tcp;
mod topic_partition;
mod topics;
mod transport;
mod versions;

pub use administration::UserMechanisms;
pub use client::{Client, ClientSettings};
pub use connection::Connection;
pub use consumer::{
    Assignor, CommitError, CommitOffset, ConsumeError, Consumer, ConsumerEvent, ConsumerSettings,
    FetchSettings, Fetched, GroupProtocol, GroupSettings, Isolation, Revocation, Start, Subscription,
    SubscriptionError,
};
pub use error::{ClientError, Refused};
pub use failure::Failure;
pub use fetch::{FetchStart, FetchedRecords};
pub use metadata::{PartitionMetadata, TopicMetadata};
pub use produce::KeyAndValue;
pub use producer::{
    Acks, Partitioner, ProduceError, Produced, Producer, ProducerRecord, ProducerSettings, Sent,
};
pub use request::{Ask, ClientRequest, ClientResponse};
pub use security::{ClientSecurity, ClientSecurityError, ClientTls, Login, NoToken, PasswordLogin, Tokens};
pub use tcp::{Tcp, TcpSettings};
pub use topic_partition::TopicPartition;
pub use topics::{BrokerAddress, Cluster, TopicPartitions};
pub use transport::{Destination, Lane, Outgoing, Pending, Transport, TransportError};
pub use versions::ServedVersions;
