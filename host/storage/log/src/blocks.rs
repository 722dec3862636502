mod cache;

use async_trait::async_trait;
use bytes::Bytes;
use forebay_model::SegmentName;
use forebay_storage_objects::{ErrorKind, ObjectError, Payload};

pub use cache::BlockCache;

/// The number of a block in its segment, from 0. All have [`BLOCK_BYTES`] bytes but the last, which has the rest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BlockIndex(u64);

/// How long a block is.
pub const BLOCK_BYTES: u64 = 4 << 20;

/// Where the bytes of segments come from: this agent's cache now, and one day those of other agents in the zone.
///
/// A block is never written to by who gets it: others have the same one.
///
/// # Cancel safety
/// Any call may be dropped. If others wait for the same block, one of them goes on.
#[async_trait]
pub trait BlockSource: std::fmt::Debug + Send + Sync {
    /// A block of a segment.
    ///
    /// # Errors
    /// See [`BlockError`].
    async fn block(&self, segment: &SegmentName, index: BlockIndex) -> Result<Bytes, BlockError>;

    /// Somebody will want this block soon: it may be read already. Never waits, and may do nothing.
    fn expect(&self, segment: &SegmentName, index: BlockIndex);

    /// Somebody will want all of a segment soon, which is being put and has these bytes. May do nothing.
    fn keep(&self, segment: &SegmentName, payload: &Payload);
}

/// Why there is no block.
#[derive(Debug, thiserror::Error)]
pub enum BlockError {
    /// The object is gone: an index that says otherwise is old.
    #[error("segment {segment} is not there")]
    NotFound {
        /// Which.
        segment: SegmentName,
    },
    /// The object ends before the block.
    #[error("segment {segment} ends before block {}", .index.0)]
    Beyond {
        /// Which.
        segment: SegmentName,
        /// The block.
        index: BlockIndex,
    },
    /// The store failed.
    #[error("read segment {segment}")]
    Store {
        /// Which.
        segment: SegmentName,
        /// What it said.
        source: ObjectError,
    },
}

impl BlockIndex {
    /// The block that has the byte at `position`.
    #[must_use]
    pub fn of(position: u64) -> Self {
        Self(position / BLOCK_BYTES)
    }

    /// The one behind it.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }

    /// Where it begins in its segment.
    #[must_use]
    pub fn start(self) -> u64 {
        self.0 * BLOCK_BYTES
    }
}

impl BlockError {
    fn of_store(segment: &SegmentName, index: BlockIndex, source: ObjectError) -> Self {
        let segment = segment.clone();
        match source.kind() {
            ErrorKind::NotFound => Self::NotFound { segment },
            ErrorKind::Invalid => Self::Beyond { segment, index },
            ErrorKind::Retry | ErrorKind::Internal => Self::Store { segment, source },
        }
    }
}
