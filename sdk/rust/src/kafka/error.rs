use std::fmt;

use super::FailureKind;

/// Why something can't be done on a cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KafkaError {
    /// The grant that is missing.
    Denied(String),
    /// It can't be done at all: a name, a setting, a secret that there is not.
    Invalid(String),
    Failed(KafkaFailure),
}

/// What went wrong, and what can be done about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KafkaFailure {
    pub kind: FailureKind,
    /// Names the topic, the partition, the offset and the broker, as far as they are known.
    pub reason: String,
}

impl KafkaFailure {
    /// A failure of this kind.
    pub fn new(kind: FailureKind, reason: impl Into<String>) -> Self {
        Self { kind, reason: reason.into() }
    }

    /// Whether it may go better later by itself.
    #[must_use]
    pub fn is_retriable(&self) -> bool {
        matches!(self.kind, FailureKind::Disconnected | FailureKind::Retriable)
    }
}

impl fmt::Display for KafkaFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.reason)
    }
}

impl fmt::Display for KafkaError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Denied(message) | Self::Invalid(message) => f.write_str(message),
            Self::Failed(failure) => failure.fmt(f),
        }
    }
}

impl std::error::Error for KafkaError {}

impl std::error::Error for KafkaFailure {}
