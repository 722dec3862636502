use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use futures_util::future::BoxFuture;
use kafka_protocol::messages::ApiKey;

use crate::error::ClientError;
use crate::request::{ClientRequest, ClientResponse};
use crate::topics::BrokerAddress;
use crate::versions::ServedVersions;

/// Whom a request is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Destination {
    /// Whichever broker answers.
    Any,
    /// The one of this number.
    Broker(i32),
}

/// Requests of one lane to one broker are taken in their order, and may wait for each other. What must not wait for
/// something else has a lane of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Lane(u32);

/// A request in a version.
#[derive(Debug, Clone, PartialEq)]
pub struct Outgoing {
    pub version: i16,
    pub request: ClientRequest,
}

/// An answer that may take long.
pub type Pending = BoxFuture<'static, Result<ClientResponse, TransportError>>;

/// How brokers are reached: over TCP ([`crate::Tcp`]), or in the same process.
///
/// # Order
/// Requests that are started one after the other in one lane, to one destination, reach the broker in that order, as
/// long as nothing fails. When one of them fails without an answer, so do those that were started behind it and before
/// the failure was seen.
///
/// # What is not known
/// A request that fails without an answer may have been done.
#[async_trait]
pub trait Transport: fmt::Debug + Send + Sync {
    /// Hands a request over; what comes back waits for the answer.
    ///
    /// # Errors
    /// When the request is certain not to be sent.
    ///
    /// # Cancel safety
    /// A request that is dropped may be done or not, before and after it was handed over.
    async fn start(&self, to: Destination, lane: Lane, outgoing: Outgoing)
    -> Result<Pending, TransportError>;

    /// What a broker serves.
    ///
    /// # Errors
    /// When it can't be reached.
    async fn served(&self, to: Destination, lane: Lane) -> Result<Arc<ServedVersions>, TransportError>;

    /// Where all brokers are, as one of them has told: those that it does not name are forgotten.
    fn learn(&self, brokers: &[BrokerAddress]);

    /// Where one more broker is, which need not be among all.
    fn learn_one(&self, broker: &BrokerAddress);

    /// A lane is not used any more; what was started in it is still answered.
    fn release(&self, lane: Lane);
}

/// Why there is no answer.
#[derive(Debug, Clone, thiserror::Error)]
pub enum TransportError {
    #[error("ask {to} for {api:?}")]
    Call { to: Destination, api: ApiKey, source: Arc<ClientError> },
    #[error("connect to {to}")]
    Connect { to: Destination, source: Arc<ClientError> },
    #[error("the connection to {to} ended before {api:?} was answered")]
    Ended { to: Destination, api: ApiKey },
    #[error("nobody has told where {to} is")]
    Unknown { to: Destination },
    #[error("{to} serves {api:?} in no version from {min} to {max}")]
    Version { to: Destination, api: ApiKey, min: i16, max: i16 },
    #[error("{to} answers {api:?} with something else")]
    Answer { to: Destination, api: ApiKey },
}

impl TransportError {
    /// Whether it may go better the next time.
    #[must_use]
    pub fn is_retriable(&self) -> bool {
        match self {
            Self::Ended { .. } | Self::Unknown { .. } => true,
            Self::Call { source, .. } | Self::Connect { source, .. } => source.is_retriable(),
            Self::Version { .. } | Self::Answer { .. } => false,
        }
    }

    /// Whom it was for.
    #[must_use]
    pub fn broker(&self) -> Option<i32> {
        match self {
            Self::Call { to, .. }
            | Self::Connect { to, .. }
            | Self::Ended { to, .. }
            | Self::Unknown { to }
            | Self::Version { to, .. }
            | Self::Answer { to, .. } => to.number(),
        }
    }
}

impl Destination {
    /// The number of the broker.
    #[must_use]
    pub fn number(self) -> Option<i32> {
        match self {
            Self::Any => None,
            Self::Broker(number) => Some(number),
        }
    }
}

impl fmt::Display for Destination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any => f.write_str("the cluster"),
            Self::Broker(number) => write!(f, "broker {number}"),
        }
    }
}

impl Lane {
    /// Where short questions go that nobody else waits for.
    pub const CONTROL: Self = Self(0);

    pub(crate) const fn new(number: u32) -> Self {
        Self(number)
    }
}
