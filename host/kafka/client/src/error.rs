use std::io;

use forebay_kafka_wire::{AnswerError, BatchError, BuildError, FrameError, RecordError};
use kafka_protocol::error::ResponseError;
use kafka_protocol::messages::ApiKey;

use crate::security::ClientSecurityError;

/// Why a call did not do what it was asked for.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    #[error("connect to {host}:{port}")]
    Connect { host: String, port: u16, source: io::Error },
    #[error("no answer to {api:?} within {seconds} s: it may have been done or not")]
    Timeout { api: ApiKey, seconds: u64 },
    /// The connection can't be used any more.
    #[error("talk to the broker: {api:?}")]
    Io { api: ApiKey, source: io::Error },
    #[error(
        "the broker closed the connection when it was asked {api:?} version {version}: its log may say why"
    )]
    Closed { api: ApiKey, version: i16 },
    #[error("the answer to {api:?}")]
    Frame { api: ApiKey, source: FrameError },
    #[error("the answer to {api:?} is for request {got}, not {expected}")]
    Correlation { api: ApiKey, got: i32, expected: i32 },
    #[error("the answer to {api:?} version {version} has tagged fields in its header, and there are none")]
    Header { api: ApiKey, version: i16 },
    #[error("read what {api:?} was answered with")]
    Answer { api: ApiKey, source: AnswerError },
    #[error("the broker sends something that was not asked for")]
    Unasked,
    #[error("{api:?} version {version} can't be written: {reason}")]
    Encode { api: ApiKey, version: i16, reason: String },
    #[error("the broker serves {api:?} in no version from {min} to {max}")]
    Version { api: ApiKey, min: i16, max: i16 },
    #[error(transparent)]
    Refused(#[from] Refused),
    #[error("the answer to {api:?} says nothing about {what}")]
    Missing { api: ApiKey, what: String },
    #[error(transparent)]
    Security(#[from] ClientSecurityError),
    #[error("make a record batch")]
    Build(#[from] BuildError),
    #[error("the fetched records")]
    Batch(#[from] BatchError),
    #[error("the fetched records")]
    Records(#[from] RecordError),
}

impl ClientError {
    /// Whether it may go better on another connection.
    #[must_use]
    pub fn is_retriable(&self) -> bool {
        match self {
            Self::Connect { .. }
            | Self::Timeout { .. }
            | Self::Io { .. }
            | Self::Closed { .. }
            | Self::Frame { .. }
            | Self::Correlation { .. }
            | Self::Unasked => true,
            Self::Refused(refused) => refused.is_retriable(),
            Self::Security(ClientSecurityError::NoToken(reason)) => reason.is_retriable,
            Self::Header { .. }
            | Self::Answer { .. }
            | Self::Encode { .. }
            | Self::Version { .. }
            | Self::Missing { .. }
            | Self::Security(_)
            | Self::Build(_)
            | Self::Batch(_)
            | Self::Records(_) => false,
        }
    }
}

/// The broker answered with an error.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the broker refused {api:?}: {name} ({code}){}", shown(.message.as_deref()))]
pub struct Refused {
    pub api: ApiKey,
    pub code: i16,
    /// As Kafka calls it.
    pub name: String,
    /// What the broker says beside it.
    pub message: Option<String>,
}

impl Refused {
    /// Nothing where `code` is none of an error.
    pub(crate) fn check(api: ApiKey, code: i16, message: Option<&str>) -> Result<(), Self> {
        if code == 0 {
            return Ok(());
        }
        let known = ResponseError::try_from_code(code);
        let name = known.map_or_else(|| "unknown error".to_owned(), |error| format!("{error:?}"));
        Err(Self { api, code, name, message: message.map(str::to_owned) })
    }

    /// Whether Kafka says that it may go better the next time.
    #[must_use]
    pub fn is_retriable(&self) -> bool {
        self.error().is_some_and(|error| error.is_retriable())
    }

    /// Which error of Kafka's it is; none for one that is not known here.
    #[must_use]
    pub fn error(&self) -> Option<ResponseError> {
        ResponseError::try_from_code(self.code)
    }
}

fn shown(message: Option<&str>) -> String {
    message.map(|message| format!(": {message}")).unwrap_or_default()
}
