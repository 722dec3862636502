//! A small client of Kafka brokers: [`Connection`] is one TCP connection that asks one request after the other,
//! with the requests and responses of `kafka-protocol`; above it stand the few calls that the command line and tests
//! need: topics, producing a batch, fetching records.
//!
//! What it is not: a producer or consumer that follows leaders, retries, batches or belongs to a group. Every agent
//! answers for every partition, so that one connection is all it takes; other brokers refuse what they do not lead.
//! Answers are decoded by `kafka-protocol` without a guard in front: the broker is one that its user trusts.
//!
//! ```
//! # async fn f() -> Result<(), Box<dyn std::error::Error>> {
//! use forebay_kafka_client::{Connection, Start};
//! let mut connection = Connection::open("localhost", 9092, "example").await?;
//! connection.create_topic(&"logs".parse()?, 1).await?;
//! let offset = connection.produce(&"logs".parse()?, 0, &[(None, Some(b"hello"))]).await?;
//! let fetched = connection.fetch(&"logs".parse()?, 0, Start::At(offset)).await?;
//! assert_eq!(fetched.records[0].value.as_deref(), Some(&b"hello"[..]));
//! # Ok(()) }
//! ```

mod administration;
mod connection;
mod error;
mod fetch;
mod produce;
mod security;
mod topics;
mod versions;

pub use administration::UserMechanisms;
pub use connection::Connection;
pub use error::{ClientError, Refused};
pub use fetch::{Fetched, Start};
pub use produce::KeyAndValue;
pub use security::{ClientSecurity, ClientSecurityError, ClientTls, Login};
pub use topics::{BrokerAddress, Cluster, TopicPartitions};
pub use versions::ServedVersions;
