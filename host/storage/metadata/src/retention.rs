use std::time::Duration;

use async_trait::async_trait;
use forebay_model::{ByteCount, Offset, TopicIdPartition, VirtualClusterId};

use crate::{Kind, Lease, StoreFailure};

/// For so long the whole outcome of a commit is kept for whoever asks again. Later only that it happened.
pub const OUTCOMES_KEPT: Duration = Duration::from_hours(1);

/// What is no longer wanted goes from the index. Every call does a bounded amount of work and says whether there is
/// more.
#[async_trait]
pub trait Retention: Send + Sync {
    /// Removes the oldest records of a partition that are past its limits, a run at a time, `limit` runs at most.
    ///
    /// By age, as Kafka does it, a run goes when its latest record is too old by the store's clock; those behind it
    /// stay until it does. By size, the oldest go as long as what is left has no fewer bytes than the limit.
    ///
    /// Whoever goes by limits that it has read a while ago gives the lease under which it did: where that is lost,
    /// nothing is removed.
    ///
    /// # Errors
    /// When there is no such partition, or the lease was lost.
    async fn trim(
        &self,
        cluster: &VirtualClusterId,
        log: TopicIdPartition,
        limits: RetentionLimits,
        limit: usize,
        lease: Option<&Lease>,
    ) -> Result<Trimmed, TrimError>;

    /// Removes what deleted topics have left, about `limit` runs at most.
    ///
    /// # Errors
    /// When the store can't be asked.
    async fn purge_deleted_topics(
        &self,
        cluster: &VirtualClusterId,
        limit: usize,
    ) -> Result<Purged, StoreFailure>;

    /// Forgets what nobody can ask for any more, about `limit` of each: what partitions remember of producers
    /// ([`PRODUCERS_KEPT`](crate::PRODUCERS_KEPT)), outcomes of commits ([`OUTCOMES_KEPT`]), and the ids of commits and
    /// the names of segments whose objects have been gone for [`UPLOAD_HORIZON`](crate::UPLOAD_HORIZON).
    ///
    /// # Errors
    /// When the store can't be asked.
    async fn expire(&self, cluster: &VirtualClusterId, limit: usize) -> Result<Expired, StoreFailure>;
}

/// What a partition keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RetentionLimits {
    /// How old a record gets; `None` is for ever.
    pub age: Option<Duration>,
    /// How many bytes are kept at least; `None` is all.
    pub size: Option<ByteCount>,
}

/// What trimming did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Trimmed {
    /// Where the log starts now.
    pub log_start: Offset,
    /// How many runs are gone.
    pub runs: usize,
    /// How many bytes they had.
    pub bytes: ByteCount,
    /// Whether the limit of runs was met before those of the partition.
    pub is_more: bool,
}

/// What purging did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Purged {
    /// How many runs are gone.
    pub runs: usize,
    /// How many topics are gone with all they had.
    pub topics: usize,
    /// Whether deleted topics have something left.
    pub is_more: bool,
}

/// What was forgotten.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Expired {
    /// What partitions remembered of producers.
    pub producers: usize,
    /// Outcomes of commits that are still known to have happened.
    pub outcomes: usize,
    /// Segments, with the ids of their commits.
    pub segments: usize,
}

/// Why a partition was not trimmed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TrimError {
    /// There is no such partition.
    #[error("there is no partition {log} in {cluster}")]
    NoPartition {
        /// Where.
        cluster: VirtualClusterId,
        /// Which.
        log: TopicIdPartition,
    },
    /// Another agent has got the job.
    #[error("the lease was lost: another agent does this now")]
    Fenced,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreFailure),
}

impl TrimError {
    /// What to do about it.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        match self {
            Self::NoPartition { .. } => Kind::NotFound,
            Self::Fenced => Kind::Fenced,
            Self::Store(failure) => failure.kind(),
        }
    }
}
