use std::sync::Arc;

use forebay_model::ByteCount;
use forebay_storage_metadata::{CommitError, Kind};
use forebay_storage_objects::{ErrorKind, ObjectError};

use super::load::Signal;

/// Why batches are not known to be committed.
#[derive(Debug, Clone, thiserror::Error)]
pub enum AppendError {
    /// Too much is under way. Nothing was taken.
    #[error("there are too many unflushed {0}: send less, or again later")]
    Backpressure(Signal),
    /// More than this writer ever takes at once. Nothing was taken.
    #[error("the request has {bytes}; at most {most} are taken")]
    TooLarge {
        /// What it has.
        bytes: ByteCount,
        /// What is taken.
        most: ByteCount,
    },
    /// There is no batch, or one without bytes or records.
    #[error("a request needs batches, and each of them bytes and records")]
    Empty,
    /// The writer was closed. Nothing was taken.
    #[error("the agent is stopping")]
    Closed,
    /// A batch of the same producer before it is not committed: both must be sent again, in order.
    #[error("it follows a batch of the same producer that is not committed")]
    FollowsFailed,
    /// The segment was not written.
    #[error("write the segment")]
    Upload(#[source] Arc<ObjectError>),
    /// The segment was not committed, or it is not known whether it was.
    #[error("commit the segment")]
    Commit(#[source] Arc<CommitError>),
    /// The task that wrote it has ended: a fault of this program.
    #[error("what was writing it has ended")]
    Lost,
}

impl AppendError {
    /// What to do about it. `Retry` also where it is not known whether the batches are committed.
    #[must_use]
    pub fn kind(&self) -> Kind {
        match self {
            Self::Backpressure(_) | Self::Closed | Self::FollowsFailed => Kind::Retry,
            Self::TooLarge { .. } | Self::Empty => Kind::Invalid,
            Self::Upload(error) => match error.kind() {
                // Somebody must help, but then the same batches can be written.
                ErrorKind::Retry | ErrorKind::Internal | ErrorKind::NotFound => Kind::Retry,
                ErrorKind::Invalid => Kind::Internal,
            },
            Self::Commit(error) => match error.kind() {
                // Another segment with the same batches can be committed.
                Kind::Conflict | Kind::Retry => Kind::Retry,
                kind @ (Kind::Fenced | Kind::NotFound | Kind::Invalid | Kind::Corrupt | Kind::Internal) => {
                    kind
                }
            },
            Self::Lost => Kind::Internal,
        }
    }
}
