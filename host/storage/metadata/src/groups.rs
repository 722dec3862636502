use std::collections::BTreeMap;
use std::time::Duration;

use async_trait::async_trait;
use forebay_model::{GroupId, LeaderEpoch, MemberId, Offset, Timestamp, TopicIdPartition, VirtualClusterId};

use crate::{Kind, ProgressKey, ProgressPage, StoreFailure};

/// Consumer groups: what their coordinators know of them, when their members were last heard of, and what they have
/// committed.
///
/// Any agent coordinates any group. What an agent decides about one holds only if nobody else has decided something
/// since it looked: each change names the version that it was made from. What the state of a group says is not the
/// store's affair.
#[async_trait]
pub trait Groups: Send + Sync {
    /// Groups as they are, in the order in which they were asked for.
    ///
    /// # Errors
    /// When the store can't be asked. A virtual cluster that does not exist has no groups.
    async fn load_groups(
        &self,
        cluster: &VirtualClusterId,
        groups: Vec<GroupId>,
    ) -> Result<LoadedGroups, StoreFailure>;

    /// The groups whose ids come after `after`, by id, `limit` at most.
    ///
    /// # Errors
    /// When the store can't be asked.
    async fn list_groups(
        &self,
        cluster: &VirtualClusterId,
        after: Option<GroupId>,
        limit: usize,
    ) -> Result<Vec<(GroupId, StoredGroup)>, StoreFailure>;

    /// Changes a group if it still is what the caller saw: `None` for one that does not exist. As a whole or not at
    /// all.
    ///
    /// Who does not know what became of a change looks at the group again: each version is of one change.
    ///
    /// # Errors
    /// When the group is another than the one that was seen, or there is no such virtual cluster.
    async fn change_group(
        &self,
        cluster: &VirtualClusterId,
        group: &GroupId,
        seen: Option<GroupVersion>,
        change: GroupChange,
    ) -> Result<GroupChanged, ChangeGroupError>;

    /// Members were heard of now. Those that their groups do not have are ignored. Tells of each group once, in any
    /// order.
    ///
    /// # Errors
    /// When the store can't be asked; then some may have been taken.
    async fn beat(&self, cluster: &VirtualClusterId, beats: Vec<Beat>) -> Result<Beats, StoreFailure>;

    /// What groups have committed, for each that is asked for, in any order within one.
    ///
    /// # Errors
    /// When the store can't be asked.
    async fn load_offsets(
        &self,
        cluster: &VirtualClusterId,
        wanted: Vec<OffsetsWanted>,
    ) -> Result<Vec<Vec<(TopicIdPartition, CommittedOffset)>>, StoreFailure>;

    /// How far groups have come, behind `after`, `limit` partitions of theirs at most. What a page costs depends on
    /// `limit` alone: not on how many groups there are, nor on how far they are behind.
    ///
    /// # Errors
    /// When the store can't be asked.
    async fn group_progress(
        &self,
        cluster: &VirtualClusterId,
        after: Option<ProgressKey>,
        limit: usize,
    ) -> Result<ProgressPage, StoreFailure>;

    /// Waits until one of these groups is another than the one that is known (`None`: it does not exist), for `timeout`
    /// at most, and tells which are; nothing when the time is over. Heartbeats and offsets make no group another one.
    ///
    /// # Errors
    /// When the store can't be asked.
    ///
    /// # Cancel safety
    /// Whoever no longer waits is forgotten.
    async fn watch_groups(
        &self,
        cluster: &VirtualClusterId,
        known: Vec<(GroupId, Option<GroupVersion>)>,
        timeout: Duration,
    ) -> Result<Vec<GroupId>, StoreFailure>;
}

/// Which of its states a group is in: a number that it never had before, also not before it was deleted and made again.
/// Later ones are greater.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GroupVersion(i64);

/// A group as the store has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredGroup {
    /// Which state that is.
    pub version: GroupVersion,
    /// What its coordinators know of it.
    pub state: Vec<u8>,
    /// When its members were last heard of.
    pub beats: BTreeMap<MemberId, Timestamp>,
}

/// Groups at a time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoadedGroups {
    /// The store's clock.
    pub now: Timestamp,
    /// In the order in which they were asked for.
    pub groups: Vec<Option<StoredGroup>>,
}

/// What becomes of a group.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct GroupChange {
    /// What becomes of its state.
    pub state: StateChange,
    /// Members that are new, or heard of now.
    pub joined: Vec<MemberId>,
    /// Members that are gone: nothing is known of them any more.
    pub left: Vec<MemberId>,
    /// What is committed, at the store's time.
    pub offsets: Vec<(TopicIdPartition, OffsetToCommit)>,
    /// What is no longer committed.
    pub forgotten: Vec<TopicIdPartition>,
}

/// What becomes of the state of a group.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum StateChange {
    /// It stays as it is, in the same version. A group that does not exist has no state to keep, and no offsets either:
    /// its first ones come with a state.
    #[default]
    Keep,
    /// It is this now.
    Write(Vec<u8>),
    /// There is no such group any more: its members and offsets go too.
    Delete,
}

/// A group after a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GroupChanged {
    /// Which state it is in; none when it was deleted.
    pub version: Option<GroupVersion>,
    /// The store's clock at the change.
    pub now: Timestamp,
}

/// A sign of life.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Beat {
    /// Whose member it is.
    pub group: GroupId,
    /// Who gave it.
    pub member: MemberId,
}

/// What is known when signs of life were taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Beats {
    /// The store's clock.
    pub now: Timestamp,
    /// Each group of which a member was heard, once.
    pub groups: Vec<GroupBeats>,
}

/// A group of which a member was heard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupBeats {
    /// Which.
    pub group: GroupId,
    /// Which state it is in; none where there is no such group.
    pub version: Option<GroupVersion>,
    /// When that of its members was heard of that was not heard of for the longest time.
    pub oldest: Option<Timestamp>,
}

/// Whose offsets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OffsetsWanted {
    /// The group.
    pub group: GroupId,
    /// Of these partitions, or of all.
    pub logs: Option<Vec<TopicIdPartition>>,
}

/// How far a group has come in a partition, as it says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OffsetToCommit {
    /// What it will consume next.
    pub offset: Offset,
    /// The epoch of the leader that gave it the record before.
    pub leader_epoch: Option<LeaderEpoch>,
    /// What the group wants to remember with it.
    pub metadata: String,
    /// When it is forgotten, where the group has said so itself.
    pub expires_at: Option<Timestamp>,
}

/// How far a group has come in a partition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommittedOffset {
    /// What it has said.
    pub committed: OffsetToCommit,
    /// When, by the store's clock.
    pub committed_at: Timestamp,
}

impl GroupVersion {
    /// As a store numbers it.
    #[must_use]
    pub const fn new(number: i64) -> Self {
        Self(number)
    }

    /// The number.
    #[must_use]
    pub const fn get(self) -> i64 {
        self.0
    }
}

/// Why a group was not changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ChangeGroupError {
    /// There is no such virtual cluster.
    #[error("there is no virtual cluster {cluster}")]
    NoVirtualCluster {
        /// Which.
        cluster: VirtualClusterId,
    },
    /// Somebody else has changed it.
    #[error("group {group} was changed by another agent: look again")]
    Changed {
        /// Which.
        group: GroupId,
    },
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreFailure),
}

impl ChangeGroupError {
    /// What to do about it.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        match self {
            Self::NoVirtualCluster { .. } => Kind::NotFound,
            Self::Changed { .. } => Kind::Conflict,
            Self::Store(failure) => failure.kind(),
        }
    }
}
