//! The Kafka broker. [`Broker`] is a typed service below framing: whoever is in the same process calls it without a
//! connection, [`Server`] does it for clients over TCP. It keeps nothing but caches: records are in the object store,
//! everything else in the metadata store, so any agent answers for any partition.
//!
//! - [`Broker::start`] takes requests in their order; [`Started`] is the part of an answer that may take long.
//! - `apis`: one file for each API, which says what is served of it.
//! - [`Server`]: frames, pipelining, limits of memory and patience, backpressure, stopping.

mod acquire;
mod api;
mod apis;
mod broker;
pub mod configs;
mod context;
mod error_code;
mod metrics;
mod server;
mod service;
mod topics;

pub use api::{EncodeError, Request, RequestBody, RequestError, Response};
pub use apis::fetch::FetchAnswer;
pub use broker::{Broker, BrokerSettings, NodeId};
pub use context::{Advertised, ConnectionContext, Endpoint};
pub use metrics::BrokerMetrics;
pub use server::{Limits, Server, ServerSettings};
pub use service::{Answer, Started};
