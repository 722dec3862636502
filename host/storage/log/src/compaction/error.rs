use forebay_model::SegmentNameError;
use forebay_storage_metadata::{CompactionError, JobError, Kind, StoreFailure};
use forebay_storage_objects::{ErrorKind, InvalidName, ObjectError};

use super::output::UnreadableRun;

/// Why compaction stopped. The next round begins anew, with what there is then.
#[derive(Debug, thiserror::Error)]
pub enum CompactorError {
    /// The metadata store.
    #[error("ask the metadata store")]
    Store(#[from] StoreFailure),
    /// The new segment was not taken, or the lease was lost.
    #[error("exchange runs of records")]
    Exchange(#[from] CompactionError),
    /// The lease was lost, or could not be renewed.
    #[error("keep the lease of the job")]
    Lease(#[from] JobError),
    /// The object store.
    #[error("write a segment")]
    Objects(#[from] ObjectError),
    /// Records can't be read at the moment.
    #[error("read a segment")]
    Read(#[source] UnreadableRun),
    /// Work on records has ended early, because of a fault of this program or since that ends.
    #[error("work on records")]
    Work(#[from] tokio::task::JoinError),
    /// A fault of this program.
    #[error("name a segment")]
    Name(#[from] SegmentNameError),
    /// A fault of this program.
    #[error("name an object")]
    Object(#[from] InvalidName),
}

impl CompactorError {
    /// What to do about it.
    #[must_use]
    pub fn kind(&self) -> Kind {
        match self {
            Self::Store(failure) => failure.kind(),
            Self::Exchange(error) => error.kind(),
            Self::Lease(error) => error.kind(),
            Self::Objects(error) => match error.kind() {
                ErrorKind::Retry => Kind::Retry,
                ErrorKind::NotFound => Kind::NotFound,
                ErrorKind::Invalid => Kind::Invalid,
                ErrorKind::Internal => Kind::Internal,
            },
            Self::Read(unreadable) => unreadable.kind(),
            Self::Work(_) | Self::Name(_) | Self::Object(_) => Kind::Internal,
        }
    }
}
