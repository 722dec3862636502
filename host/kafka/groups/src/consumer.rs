//! The protocol of KIP-848: members say by heartbeats what they subscribe to and what they own, and are told what to own.
//! The group assigns.
//!
//! Three numbers count upwards: the *group epoch* with everything that may change who owns what, the *assignment epoch*
//! is the group epoch from which the target was made, and a *member epoch* is the assignment epoch that the member has
//! reached. A member first gives up what is no longer its own, and gets what others have given up.

mod advance;
pub mod assign;
mod expressions;
mod heartbeat;
mod reconcile;
mod target;

use std::collections::{BTreeMap, BTreeSet};

use forebay_model::{MemberId, Timestamp, TopicId};
use serde::{Deserialize, Serialize};

pub use heartbeat::{ConsumerHeartbeat, HeartbeatReply};

use crate::GroupError;

/// Partitions of topics.
pub type Partitions = BTreeMap<TopicId, BTreeSet<i32>>;

/// Topics by name, with how many partitions they have.
pub type TopicCounts = BTreeMap<String, (TopicId, i32)>;

/// The epoch of a member that joins, or joins again.
pub const JOINS: i32 = 0;
/// The epoch of a member that leaves.
pub const LEAVES: i32 = -1;
/// The epoch of a member with an instance id that leaves and comes back.
pub const LEAVES_FOR_A_WHILE: i32 = -2;

/// A group of the protocol of KIP-848.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConsumerGroup {
    /// The group epoch.
    pub epoch: i32,
    /// The assignment epoch.
    pub assignment_epoch: i32,
    /// By id.
    pub members: BTreeMap<MemberId, ConsumerMember>,
    /// What each member is to own in the end.
    pub target: BTreeMap<MemberId, Partitions>,
    /// The topics that members subscribe to, as they were when the target was made.
    pub topics: TopicCounts,
    /// Since when there are no members; good where there are none.
    pub empty_since: Timestamp,
}

/// A member.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConsumerMember {
    /// The name that it keeps when it starts anew.
    pub instance: Option<String>,
    /// Where it says that it is.
    pub rack: Option<String>,
    /// What it calls itself.
    pub client_id: String,
    /// Where it is.
    pub client_host: String,
    /// How long it may take to give up what is no longer its own.
    pub rebalance_timeout_ms: i32,
    /// The topics that it names.
    pub names: BTreeSet<String>,
    /// Those whose names match this are its own too.
    pub regex: Option<String>,
    /// The assignor that it wants.
    pub assignor: Option<String>,
    /// The member epoch; [`LEAVES_FOR_A_WHILE`] where it has left and may come back.
    pub epoch: i32,
    /// The one before: the answer that told it the newer one may be lost.
    pub previous_epoch: i32,
    /// What it may own.
    pub assigned: Partitions,
    /// What it has to give up.
    pub revoking: Partitions,
    /// Until when.
    pub revoking_until: Option<Timestamp>,
    /// Whether it waits for what others have not given up.
    pub waits_for_others: bool,
    /// When it was heard of by the group itself; heartbeats come on top.
    pub seen_at: Timestamp,
}

impl ConsumerGroup {
    /// A group without members.
    #[must_use]
    pub fn empty(epoch: i32, since: Timestamp) -> Self {
        Self {
            epoch,
            assignment_epoch: epoch,
            members: BTreeMap::new(),
            target: BTreeMap::new(),
            topics: BTreeMap::new(),
            empty_since: since,
        }
    }

    /// As Kafka calls the state.
    #[must_use]
    pub fn state_name(&self) -> &'static str {
        let is_settled = |member: &ConsumerMember| {
            member.epoch == self.assignment_epoch && member.revoking.is_empty() && !member.waits_for_others
        };
        if self.members.is_empty() {
            "Empty"
        } else if self.assignment_epoch != self.epoch {
            "Assigning"
        } else if self.members.values().all(is_settled) {
            "Stable"
        } else {
            "Reconciling"
        }
    }

    /// The assignor by which the group assigns: that which most members want.
    #[must_use]
    pub fn assignor(&self) -> assign::Assignor {
        let mut votes: BTreeMap<assign::Assignor, usize> = BTreeMap::new();
        for member in self.members.values() {
            if let Some(wanted) = member.assignor.as_deref().and_then(assign::Assignor::named) {
                *votes.entry(wanted).or_default() += 1;
            }
        }
        let most = votes.iter().max_by_key(|(_, votes)| **votes);
        most.map(|(assignor, _)| *assignor).unwrap_or_default()
    }

    /// Judges who commits or asks for offsets.
    ///
    /// # Errors
    /// When it is no member in its epoch.
    pub fn check_commit(&self, member: Option<&MemberId>, epoch: i32) -> Result<(), GroupError> {
        if epoch < 0 && self.members.is_empty() {
            return Ok(());
        }
        let member = member.and_then(|member| self.members.get(member)).ok_or(GroupError::UnknownMember)?;
        if member.epoch == epoch { Ok(()) } else { Err(GroupError::StaleMemberEpoch) }
    }

    /// Whether some member subscribes to a topic.
    #[must_use]
    pub fn subscribes_to(&self, topic: &str) -> bool {
        self.members.values().any(|member| member.names.contains(topic)) || self.topics.contains_key(topic)
    }

    /// The name of a topic that a member owns or is to own.
    #[must_use]
    pub fn topic_name(&self, topic: TopicId) -> Option<&str> {
        self.topics.iter().find(|(_, (id, _))| *id == topic).map(|(name, _)| name.as_str())
    }
}
