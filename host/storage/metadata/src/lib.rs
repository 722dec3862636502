//! What the metadata store does, as traits: one for each noun, together a [`MetadataStore`].
//!
//! The object store holds bytes under names that nobody else has; **the metadata store is the only place where
//! something is decided**: which offsets a batch has, whether it is a duplicate, which segment a reader finds it in,
//! and which object may be deleted. So every call here happens as a whole or not at all, and calls that write happen
//! one after the other.
//!
//! - [`VirtualClusters`], [`Topics`], [`Producers`]: what Kafka's clients make and change.
//! - [`Log`]: segments are committed, and found again by offset or time; who waits is woken.
//! - [`Groups`]: consumer groups, each under a version; their heartbeats and offsets.
//! - [`Security`]: who may log in, and who may do what.
//! - [`Agents`]: which agents there are, and where clients find them.
//! - [`Retention`], [`Segments`]: what is no longer wanted goes: first from the index, then from the object store.
//! - [`Compaction`]: what is kept is put together, and what is superseded is left out.
//! - [`Jobs`]: who of many agents does all that.
//!
//! All keys begin with the virtual cluster. Topics are known by UUID: one that is made again under its old name shares
//! nothing with it. The time is the store's own.
//!
//! A decorator of a store is one function around every call ([`Decorator`]); what calls there are is written down once,
//! in `decorated.rs`.
//!
//! Errors are one enum for each operation; `kind()` says what to do about one. [`StoreFailure`] is what any of them
//! may meet: the store is away, or broken.

mod agents;
mod clock;
mod compaction;
mod configs;
#[cfg(feature = "conformance")]
pub mod conformance;
mod decorated;
mod failure;
mod groups;
mod jobs;
mod log;
mod measured;
mod operation;
pub mod outcome;
mod past;
mod producers;
mod progress;
mod retention;
mod security;
mod segments;
mod topics;
mod virtual_clusters;

use async_trait::async_trait;
use forebay_model::Timestamp;

pub use agents::{
    AGENT_SILENCE, AGENTS_KEPT, AgentAddress, AgentDescription, AgentError, Agents, LiveAgent,
    pipeline_agents,
};
pub use clock::{Clock, ManualClock, WallClock};
pub use compaction::{
    CompactedSegment, Compaction, CompactionError, Extent, Replaced, Replacement, SegmentLevel,
    SegmentSummary,
};
pub use configs::{ConfigError, Configs};
pub use decorated::{Decorated, Decorator};
pub use failure::{Kind, StoreFailure};
pub use groups::{
    Beat, Beats, ChangeGroupError, CommittedOffset, GroupBeats, GroupChange, GroupChanged, GroupVersion,
    Groups, LoadedGroups, OffsetToCommit, OffsetsWanted, StateChange, StoredGroup,
};
pub use jobs::{InvalidJobName, JobError, JobHolder, JobName, JobOutcome, JobTerms, Jobs, Lease, LeaseEpoch};
pub use log::{
    BatchCommit, BatchCommitted, BatchRefusal, CommitError, CommitOutcome, DeleteBefore, FindFrom,
    FindRefusal, Found, IdempotentBatch, Log, LogBounds, LogMissing, OffsetQuery, OffsetsFound,
    ProduceCommit, ProduceOutcome, RecordsKept, Run, SegmentCommit, TimestampType, UPLOAD_HORIZON,
};
pub use measured::Measured;
pub use operation::Operation;
pub use past::{BATCHES_REMEMBERED, Judgement, Past, PastBatch, judge};
pub use producers::{InitProducerError, InitializedProducer, PRODUCERS_KEPT, Producers};
pub use progress::{Progress, ProgressKey, ProgressPage};
pub use retention::{Expired, OUTCOMES_KEPT, Purged, Retention, RetentionLimits, TrimError, Trimmed};
pub use security::{
    Acls, AclsVersion, CredentialChange, MOST_ACLS, NoCredential, Security, SecurityError, UserCredential,
};
pub use segments::{Segments, Verdict};
pub use topics::{
    AddPartitionsError, CreateTopicError, DeleteTopicError, NewTopic, TopicDescription, TopicSelection,
    Topics,
};
pub use virtual_clusters::{CreateVirtualClusterError, VirtualClusters};

/// All that is known beside the bytes of records.
///
/// # Cancel safety
/// A call that is dropped may still happen. What was asked is then either done as a whole or not at all.
#[async_trait]
pub trait MetadataStore:
    VirtualClusters
    + Topics
    + Producers
    + Groups
    + Log
    + Retention
    + Segments
    + Compaction
    + Jobs
    + Security
    + Agents
    + std::fmt::Debug
    + Send
    + Sync
{
    /// The store's clock, by which leases, retention and commits go.
    ///
    /// # Errors
    /// When the store can't be asked.
    async fn now(&self) -> Result<Timestamp, StoreFailure>;
}
