use std::time::Duration;

use forebay_model::{
    ByteCount, CommitId, Offset, ProducerEpoch, ProducerId, RecordCount, SegmentName, Sequence, Timestamp,
    TopicIdPartition, VirtualClusterId,
};

use crate::{Kind, StoreFailure};

/// A segment is committed so long after it was named at most. Later the store may have forgotten that it had refused
/// or recorded the commit already.
pub const UPLOAD_HORIZON: Duration = Duration::from_hours(24);

/// A segment that is to be committed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SegmentCommit {
    /// What the commit is known by. Asking again takes the same.
    pub id: CommitId,
    /// The name of the object.
    pub segment: SegmentName,
    /// When it got that name, by the store's clock, or earlier: an hour-old reading of that clock will do.
    pub named_at: Timestamp,
    /// How long the object is.
    pub size: ByteCount,
    /// What is in it, by the Produce request that brought it, in the order in which they are to be committed.
    pub requests: Vec<ProduceCommit>,
}

impl SegmentCommit {
    /// Whether its batches can be in such a segment, which no store has to look at anything for.
    ///
    /// # Errors
    /// [`CommitError::Invalid`], for the first one that can't.
    pub fn check(&self) -> Result<(), CommitError> {
        for (request, produce) in self.requests.iter().enumerate() {
            for (index, batch) in produce.batches.iter().enumerate() {
                let end = batch.position.get().checked_add(batch.length.get());
                let reason = if batch.records.get() == 0 {
                    "it has no records"
                } else if i32::try_from(batch.records.get()).is_err() {
                    "it has more records than a batch can have"
                } else if batch.length.get() == 0 {
                    "it has no bytes"
                } else if end.is_none_or(|end| end > self.size.get())
                    || i64::try_from(self.size.get()).is_err()
                {
                    "it ends behind the segment"
                } else {
                    continue;
                };
                return Err(CommitError::Invalid { request, batch: index, reason });
            }
        }
        Ok(())
    }
}

/// The batches of one Produce request: committed together, or not at all.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ProduceCommit {
    /// In the order of their offsets.
    pub batches: Vec<BatchCommit>,
}

/// A record batch in a segment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BatchCommit {
    /// The partition it goes to.
    pub log: TopicIdPartition,
    /// Where it begins in the object.
    pub position: ByteCount,
    /// How long it is, with its header.
    pub length: ByteCount,
    /// How many offsets it takes, at least one.
    pub records: RecordCount,
    /// The latest timestamp in it, as its header says.
    pub max_timestamp: Timestamp,
    /// Who says when its records were made.
    pub timestamps: TimestampType,
    /// Who sent it, if that is an idempotent producer.
    pub producer: Option<IdempotentBatch>,
}

/// Which time records have, by `message.timestamp.type`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TimestampType {
    /// What the producer wrote.
    CreateTime,
    /// The time of the commit.
    LogAppendTime,
}

/// What a batch of an idempotent producer is judged by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IdempotentBatch {
    /// Who sent it.
    pub id: ProducerId,
    /// In which of its epochs.
    pub epoch: ProducerEpoch,
    /// The sequence of its first record.
    pub base_sequence: Sequence,
}

/// What became of a commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommitOutcome {
    /// When it happened, by the store's clock.
    pub committed_at: Timestamp,
    /// What became of each request, in the order of the commit.
    pub requests: Vec<ProduceOutcome>,
}

/// What became of a Produce request. A store that is still at work may know less of a batch that is to be committed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProduceOutcome<B = BatchCommitted> {
    /// All its batches are committed; these are in their order.
    Committed(Vec<B>),
    /// None of its batches is. In their order: why, or `None` for one that could have been committed.
    Refused(Vec<Option<BatchRefusal>>),
}

/// A batch that has its offsets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BatchCommitted {
    /// The offset of its first record.
    pub base_offset: Offset,
    /// The time of its records, where that is the time of the commit.
    pub log_append_time: Option<Timestamp>,
    /// Where the log starts.
    pub log_start: Offset,
    /// Whether it had been committed before. Then the offset is the one it got at that time, and its bytes in this
    /// segment are never found.
    pub is_duplicate: bool,
}

/// Why a batch can't be committed. Idempotent producers are judged as Kafka judges them:
///
/// - A batch with the epoch and the sequences of one of the last five of its producer in its partition is a duplicate,
///   and no refusal.
/// - A partition that knows nothing of a producer takes any sequence of it. Only when an earlier request of the same
///   commit was refused and had a batch of that producer, that batch must come first.
/// - In the epoch that is known, the next sequence must follow the last; in a newer one it must be 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BatchRefusal {
    /// There is no such partition, or no longer.
    #[error("there is no such partition")]
    NoPartition,
    /// Its producer has begun a newer epoch.
    #[error("the producer is in epoch {current} already")]
    Fenced {
        /// The newer one.
        current: ProducerEpoch,
    },
    /// It does not follow the last batch of its producer.
    #[error("sequence {got} does not follow: expected {expected}")]
    OutOfOrder {
        /// The sequence that would.
        expected: Sequence,
        /// The one it has.
        got: Sequence,
    },
    /// The partition has no offsets left for it.
    #[error("the partition has no offsets left")]
    Full,
}

/// Why a commit did not happen.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CommitError {
    /// There is no such virtual cluster.
    #[error("there is no virtual cluster {cluster}")]
    NoVirtualCluster {
        /// Which.
        cluster: VirtualClusterId,
    },
    /// The object may be gone. Its records must be written again under another name, if anybody still wants them.
    #[error("segment {segment} is condemned: write its records again under another name")]
    Condemned {
        /// Which.
        segment: SegmentName,
    },
    /// The segment was committed under another id.
    #[error("segment {segment} was committed by another commit")]
    NameTaken {
        /// Which.
        segment: SegmentName,
    },
    /// The id belongs to the commit of another segment.
    #[error("commit {id} was of another segment than {segment}")]
    IdTaken {
        /// Which.
        id: CommitId,
        /// The segment that was to be committed.
        segment: SegmentName,
    },
    /// The segment was named too long ago ([`UPLOAD_HORIZON`]).
    #[error("segment {segment} was named at {named_at}, which is too long before {now}")]
    TooLate {
        /// Which.
        segment: SegmentName,
        /// When it was named.
        named_at: Timestamp,
        /// The store's clock.
        now: Timestamp,
    },
    /// **It did happen**, so long ago that the offsets are no longer recorded
    /// ([`OUTCOMES_KEPT`](crate::OUTCOMES_KEPT)).
    #[error("commit {id} happened at {committed_at}, but its outcome is no longer kept")]
    Forgotten {
        /// Which.
        id: CommitId,
        /// When.
        committed_at: Timestamp,
    },
    /// A batch is described in a way that no batch can be.
    #[error("batch {batch} of request {request} can't be: {reason}")]
    Invalid {
        /// The request, from 0.
        request: usize,
        /// The batch in it, from 0.
        batch: usize,
        /// What is wrong.
        reason: &'static str,
    },
    /// The store failed. When it is [`StoreFailure::Unsettled`], only asking again tells what became of the commit.
    #[error(transparent)]
    Store(#[from] StoreFailure),
}

impl CommitError {
    /// What to do about it.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        match self {
            Self::NoVirtualCluster { .. } => Kind::NotFound,
            Self::Condemned { .. }
            | Self::NameTaken { .. }
            | Self::TooLate { .. }
            | Self::Forgotten { .. } => Kind::Conflict,
            Self::IdTaken { .. } | Self::Invalid { .. } => Kind::Invalid,
            Self::Store(failure) => failure.kind(),
        }
    }
}
