//! The Kafka broker. [`Broker`] is a typed service below framing: whoever is in the same process calls it without a
//! connection, [`Server`] does it for clients over TCP. It keeps nothing but caches: records are in the object store,
//! everything else in the metadata store, so any agent answers for any partition.
//!
//! - [`Broker::start`] takes requests in their order; [`Started`] is the part of an answer that may take long.
//! - `placement`: each client is told of one agent, of its zone, group and role.
//! - `apis`: one file for each API, which says what is served of it.
//! - [`Session`]: whoever comes goes through one, which asks them to log in where that is demanded; `authorization` says
//!   what each API needs to be allowed.
//! - [`InProcess`]: the broker for clients of `forebay-kafka-client` in the same process.
//! - [`Server`]: frames, pipelining, limits of memory and patience, backpressure, stopping.

mod acquire;
mod api;
mod apis;
mod authentication;
mod authorization;
mod broker;
mod client_features;
pub mod configs;
mod context;
mod error_code;
mod groups;
mod identity;
mod in_process;
mod metrics;
mod neighbours;
mod placement;
mod security;
mod server;
mod service;
mod topics;

pub use api::{EncodeError, Request, RequestBody, RequestError, Response, served};
pub use apis::fetch::FetchAnswer;
pub use authentication::{LoginError, Session, SessionError, Taken};
pub use authorization::{Need, Role, needs};
pub use broker::{AgentSettings, Broker, BrokerSettings};
pub use context::{Advertised, ConnectionContext, Endpoint};
pub use forebay_kafka_groups::GroupSettings;
pub use groups::{Forget, GroupKeeper, GroupKept};
pub use identity::Identity;
pub use in_process::InProcess;
pub use metrics::BrokerMetrics;
pub use security::{AclMode, SaslSettings, SecuritySettings};
pub use server::{
    ClientCertificates, Limits, MappingError, PrincipalMapping, Server, ServerSettings, Tls, TlsError,
    TlsProfile, TlsSettings,
};
pub use service::{Answer, Started};
