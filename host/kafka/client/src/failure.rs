use std::sync::Arc;
use std::time::Duration;

use forebay_kafka_wire::{BatchError, BuildError};
use kafka_protocol::error::ResponseError;
use kafka_protocol::messages::ApiKey;

use crate::error::Refused;
use crate::transport::TransportError;

/// What went wrong, apart from where it did: the errors of producing, consuming and committing say that.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Failure {
    #[error(transparent)]
    Transport(#[from] TransportError),
    #[error(transparent)]
    Refused(#[from] Refused),
    #[error("the answer to {api:?} says nothing about it")]
    Missing { api: ApiKey },
    #[error("there is no leader at the moment")]
    NoLeader,
    #[error("the topic has {partitions} partitions")]
    NoPartition { partitions: usize },
    #[error("no partition is given, and the partitioner chooses none by itself")]
    Unchosen,
    #[error("it was deleted and made anew")]
    Recreated,
    /// What the consumer says while it goes on from where there is something.
    #[error("what is asked for is not there any more: reading goes on elsewhere")]
    Passed,
    #[error("not done within {} ms", .after.as_millis())]
    TimedOut { after: Duration },
    #[error("a record of {bytes} bytes is larger than the {limit} that are allowed")]
    TooLarge { bytes: usize, limit: usize },
    #[error("make a record batch")]
    Build(#[source] Arc<BuildError>),
    #[error("read the fetched batches")]
    Batch(#[source] Arc<BatchError>),
    #[error("a batch is larger than all that may be fetched at a time: allow more than {limit} bytes")]
    LargeBatch { limit: u32 },
    #[error("a record before it in the partition was not taken, and the order is to be kept")]
    Behind,
    #[error("nothing is committed, and it is not said where to start")]
    NothingCommitted,
    #[error("it is not a member of the group any more")]
    NotMember,
    #[error("it is closed")]
    Closed,
}

impl Failure {
    /// Nothing where `code` is none of an error.
    pub(crate) fn check(api: ApiKey, code: i16, message: Option<&str>) -> Result<(), Self> {
        Refused::check(api, code, message).map_err(Self::Refused)
    }

    /// Whether the same may go well the next time.
    #[must_use]
    pub fn is_retriable(&self) -> bool {
        match self {
            Self::Transport(error) => error.is_retriable(),
            // Kafka leaves the last two to whoever is a member, who knows more in a moment.
            Self::Refused(refused) => {
                refused.is_retriable()
                    || matches!(
                        refused.error(),
                        Some(ResponseError::StaleMemberEpoch | ResponseError::RebalanceInProgress)
                    )
            }
            Self::NoLeader
            | Self::Recreated
            | Self::Passed
            | Self::TimedOut { .. }
            | Self::Missing { .. }
            | Self::Behind => true,
            Self::NoPartition { .. }
            | Self::Unchosen
            | Self::TooLarge { .. }
            | Self::Build(_)
            | Self::Batch(_)
            | Self::LargeBatch { .. }
            | Self::NothingCommitted
            | Self::NotMember
            | Self::Closed => false,
        }
    }

    /// The error of Kafka's that it is, where a broker has said one.
    #[must_use]
    pub fn code(&self) -> Option<ResponseError> {
        match self {
            Self::Refused(refused) => refused.error(),
            _ => None,
        }
    }

    /// The broker that could not be reached.
    #[must_use]
    pub fn broker(&self) -> Option<i32> {
        match self {
            Self::Transport(error) => error.broker(),
            _ => None,
        }
    }
}
