use forebay_kafka_wire::{BatchError, HeaderError, RecordError};
use forebay_model::{Offset, SegmentName};
use forebay_storage_metadata::{FindRefusal, Kind, StoreFailure};

use crate::blocks::BlockError;

/// Why nothing was fetched at all.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// The index can't be asked.
    #[error("ask the index")]
    Store(#[from] StoreFailure),
    /// A fault of this program.
    #[error("the index was asked for {asked} partitions and told of {got}")]
    Answers {
        /// How many were asked for.
        asked: usize,
        /// How many answers there are.
        got: usize,
    },
}

/// Why nothing of a partition was fetched.
#[derive(Debug, thiserror::Error)]
pub enum FetchRefusal {
    /// The index says so.
    #[error(transparent)]
    Index(FindRefusal),
    /// A block can't be had.
    #[error(transparent)]
    Block(#[from] BlockError),
    /// What is in the segment is not what the index says.
    #[error("byte {position} of segment {segment}, at offset {offset}: {reason}")]
    Corrupt {
        /// Which segment.
        segment: SegmentName,
        /// Where a batch should begin.
        position: u64,
        /// The offset that it should have.
        offset: Offset,
        /// What is wrong.
        reason: CorruptRun,
    },
}

/// What is wrong with a run.
#[derive(Debug, thiserror::Error)]
pub enum CorruptRun {
    /// There is no header of a batch.
    #[error(transparent)]
    Header(#[from] HeaderError),
    /// A batch reaches beyond the run.
    #[error("a batch of {length} bytes reaches beyond the run, which has {left} left")]
    Length {
        /// What the batch says.
        length: usize,
        /// What is left.
        left: u64,
    },
    /// The segment ends in the run.
    #[error("the segment ends there")]
    Ends,
    /// The offsets of the batches are not those of the index.
    #[error("the batches end at another offset than the index says, {expected}")]
    Offsets {
        /// What the index says.
        expected: Offset,
    },
}

/// Why an offset was not found by its time.
#[derive(Debug, thiserror::Error)]
pub enum LookupError {
    /// The index can't be asked.
    #[error("ask the index")]
    Store(#[from] StoreFailure),
    /// The records can't be read.
    #[error("look at the records")]
    Read(#[from] FetchRefusal),
    /// A batch is not what it says.
    #[error("look at a batch")]
    Batch(#[from] BatchError),
    /// Records can't be taken apart.
    #[error("take the records of a batch apart")]
    Records(#[from] RecordError),
    /// The index changes faster than it can be read.
    #[error("the log changed while it was read")]
    Changing,
}

impl FetchRefusal {
    /// What to do about it.
    #[must_use]
    pub fn kind(&self) -> Kind {
        match self {
            Self::Index(FindRefusal::NoPartition) => Kind::NotFound,
            Self::Index(FindRefusal::OutOfRange(_)) => Kind::Invalid,
            // Even with a fresh index the object is not there: it may be in a moment, when somebody moves records.
            Self::Block(BlockError::NotFound { .. } | BlockError::Store { .. }) => Kind::Retry,
            Self::Block(BlockError::Beyond { .. }) | Self::Corrupt { .. } => Kind::Corrupt,
        }
    }
}
