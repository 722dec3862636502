use std::time::Duration;

use async_trait::async_trait;
use forebay_model::{
    ByteCount, CommitId, Offset, SegmentName, Timestamp, TopicIdPartition, VirtualClusterId,
};

use crate::{Kind, Lease, Run, StoreFailure};

/// Segments are written anew: what lies scattered in many is put together in one, and what is superseded is left out.
///
/// A new segment is written first, and made known ([`commit_compacted`](Self::commit_compacted)) without any record.
/// Then runs of partitions are replaced by runs in it, a partition at a time. Offsets, the bounds of logs, what is
/// remembered of producers and the minute index stay as they are. A segment of which no run is left goes the way that
/// all such segments go: condemned first, then deleted.
#[async_trait]
pub trait Compaction: Send + Sync {
    /// Committed segments of a level in which records are found and that were committed `age` ago or earlier, the
    /// oldest first, `limit` at most.
    ///
    /// # Errors
    /// When the store can't be asked.
    async fn compactable(
        &self,
        cluster: &VirtualClusterId,
        level: SegmentLevel,
        age: Duration,
        limit: usize,
    ) -> Result<Vec<SegmentSummary>, StoreFailure>;

    /// All runs in these segments, in the order of partitions and offsets; those of deleted topics are left out.
    ///
    /// # Errors
    /// When the store can't be asked.
    async fn runs_in(
        &self,
        cluster: &VirtualClusterId,
        segments: Vec<SegmentName>,
    ) -> Result<Vec<(TopicIdPartition, Run)>, StoreFailure>;

    /// Has segments count as of another level, since writing them anew would gain nothing. Those that there are not,
    /// or no longer, are passed over.
    ///
    /// # Errors
    /// When the store can't be asked.
    async fn set_level(
        &self,
        cluster: &VirtualClusterId,
        segments: Vec<SegmentName>,
        level: SegmentLevel,
    ) -> Result<(), StoreFailure>;

    /// Makes a segment known whose object is durable. No record is found in it yet. Asking again with the same id
    /// changes nothing.
    ///
    /// # Errors
    /// When its name is taken or condemned, or was given too long ago.
    async fn commit_compacted(
        &self,
        cluster: &VirtualClusterId,
        segment: CompactedSegment,
    ) -> Result<(), CompactionError>;

    /// Replaces runs by others that lie in `segment`: of each partition all or none, several partitions in one
    /// transaction. The answers are in the order of the replacements.
    ///
    /// What is to be replaced must still be exactly as it was seen, in segments that are not condemned; nothing of what
    /// was committed meanwhile is touched. So whoever does not know what became of a call may ask again: what is done
    /// already is no longer as it was seen.
    ///
    /// # Errors
    /// Then nothing is replaced: when `segment` is not committed or is condemned, or when `lease` was lost.
    async fn replace_runs(
        &self,
        cluster: &VirtualClusterId,
        lease: Option<&Lease>,
        segment: &SegmentName,
        replacements: Vec<Replacement>,
    ) -> Result<Vec<Replaced>, CompactionError>;

    /// Up to where keyed compaction has looked at logs ([`Replacement::cleaned_to`]). `None` for those that there are
    /// not.
    ///
    /// # Errors
    /// When the store can't be asked.
    async fn cleaned_to(
        &self,
        cluster: &VirtualClusterId,
        logs: Vec<TopicIdPartition>,
    ) -> Result<Vec<Option<Offset>>, StoreFailure>;
}

/// How often the records of a segment were put together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct SegmentLevel(u8);

impl SegmentLevel {
    /// As records came in.
    pub const INGESTED: Self = Self(0);
    /// Never put together any more.
    pub const LAST: Self = Self(2);

    /// The one after it, up to the last.
    #[must_use]
    pub const fn next(self) -> Self {
        if self.0 < Self::LAST.0 { Self(self.0 + 1) } else { Self::LAST }
    }

    /// The number.
    #[must_use]
    pub const fn get(self) -> u8 {
        self.0
    }
}

/// A segment, as far as planning needs it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SegmentSummary {
    /// Its name.
    pub segment: SegmentName,
    /// How long its object is.
    pub size: ByteCount,
    /// How many runs are found in it.
    pub runs: usize,
    /// When it was committed.
    pub committed_at: Timestamp,
}

/// A segment that was written by compaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CompactedSegment {
    /// What its commit is known by.
    pub id: CommitId,
    /// The name of the object.
    pub segment: SegmentName,
    /// When it got that name, by the store's clock, or earlier.
    pub named_at: Timestamp,
    /// How long the object is.
    pub size: ByteCount,
    /// How often its records were put together.
    pub level: SegmentLevel,
}

/// What becomes of adjacent runs of a partition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replacement {
    /// The partition.
    pub log: TopicIdPartition,
    /// All its runs from the first to the last of these, as they were found.
    pub old: Vec<Run>,
    /// Instead of them: the same offsets, without gaps. The segment of each is that of the call, whatever it says.
    pub new: Vec<Run>,
    /// Up to where keyed compaction has looked at the log now.
    pub cleaned_to: Option<Offset>,
}

/// What became of a replacement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Replaced {
    /// It was done.
    Done,
    /// The log is not as it was seen: nothing was done.
    Changed,
}

/// Why nothing was compacted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CompactionError {
    /// There is no such virtual cluster.
    #[error("there is no virtual cluster {cluster}")]
    NoVirtualCluster {
        /// Which.
        cluster: VirtualClusterId,
    },
    /// The object may be gone.
    #[error(
        "segment {segment} is condemned, or was never committed: write its records again under another name"
    )]
    Condemned {
        /// Which.
        segment: SegmentName,
    },
    /// The name, or the id, is of another commit.
    #[error("segment {segment} was committed by another commit, or its commit was of another segment")]
    Taken {
        /// Which.
        segment: SegmentName,
    },
    /// The segment was named too long ago ([`UPLOAD_HORIZON`](crate::UPLOAD_HORIZON)).
    #[error("segment {segment} was named at {named_at}, which is too long before {now}")]
    TooLate {
        /// Which.
        segment: SegmentName,
        /// When it was named.
        named_at: Timestamp,
        /// The store's clock.
        now: Timestamp,
    },
    /// Another agent has got the job.
    #[error("the lease was lost: another agent does this now")]
    Fenced,
    /// What is to be there instead does not have the same offsets.
    #[error("replacement {index} can't be: {reason}")]
    Invalid {
        /// Which, from 0.
        index: usize,
        /// What is wrong.
        reason: &'static str,
    },
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreFailure),
}

impl CompactionError {
    /// What to do about it.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        match self {
            Self::NoVirtualCluster { .. } => Kind::NotFound,
            Self::Condemned { .. } | Self::Taken { .. } | Self::TooLate { .. } => Kind::Conflict,
            Self::Fenced => Kind::Fenced,
            Self::Invalid { .. } => Kind::Invalid,
            Self::Store(failure) => failure.kind(),
        }
    }
}

impl Replacement {
    /// Where the runs that go begin and end, and the latest timestamp of them and of those that come.
    ///
    /// # Errors
    /// With what is wrong, when one does not follow the other, or what comes has other offsets than what goes.
    pub fn extent(&self) -> Result<Extent, &'static str> {
        let (old, new) = (span(&self.old)?, span(&self.new)?);
        if (old.base, old.end) != (new.base, new.end) {
            return Err("what comes has other offsets than what goes");
        }
        Ok(Extent {
            base: old.base,
            end: old.end,
            old_bytes: old.bytes,
            new_bytes: new.bytes,
            latest_lost: (old.latest > new.latest).then_some(old.latest),
        })
    }
}

/// What a replacement is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Extent {
    /// The first offset.
    pub base: Offset,
    /// The offset behind the last.
    pub end: Offset,
    /// How many bytes go.
    pub old_bytes: u64,
    /// How many bytes come.
    pub new_bytes: u64,
    /// The latest timestamp of what goes, where nothing that comes is as late.
    pub latest_lost: Option<Timestamp>,
}

struct Span {
    base: Offset,
    end: Offset,
    bytes: u64,
    latest: Timestamp,
}

fn span(runs: &[Run]) -> Result<Span, &'static str> {
    let (Some(first), Some(last)) = (runs.first(), runs.last()) else { return Err("there are no runs") };
    if runs.iter().any(|run| run.base_offset >= run.end_offset) {
        return Err("a run has no offsets");
    }
    if runs.windows(2).any(|pair| pair[0].end_offset != pair[1].base_offset) {
        return Err("a run does not follow the one before it");
    }
    let latest = runs.iter().map(|run| run.max_timestamp).max().unwrap_or(Timestamp::NONE);
    let bytes = runs.iter().map(|run| run.length.get()).sum();
    Ok(Span { base: first.base_offset, end: last.end_offset, bytes, latest })
}
