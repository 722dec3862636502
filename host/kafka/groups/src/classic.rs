//! The classic protocol: JoinGroup, SyncGroup, Heartbeat, LeaveGroup. The leader among the members assigns.
//!
//! A generation is made in two phases: members join until all have, or the time is over ([`Phase::PreparingRebalance`]);
//! then the leader says who gets what ([`Phase::CompletingRebalance`]). All changes of the phase are in [`transition`].

mod advance;
mod join;
mod leave;
mod subscription;
mod sync;
mod transition;

use std::collections::BTreeMap;
use std::time::Duration;

use forebay_model::{MemberId, Timestamp};
use serde::{Deserialize, Serialize};

pub use join::{JoinReply, JoinRequest, JoinedMember, Joining};
pub use leave::LeavingMember;
pub use sync::{SyncRequest, Syncing};

use crate::GroupError;

/// A group of the classic protocol. The default is one that never was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClassicGroup {
    /// What members do with it: `consumer`, `connect`. None before the first has joined; groups that only keep offsets
    /// never have one.
    pub protocol_type: Option<String>,
    /// How assignments are made in this generation.
    pub protocol: Option<String>,
    /// Counts the generations.
    pub generation: i32,
    /// Who assigns.
    pub leader: Option<MemberId>,
    /// Where in the making of a generation the group is.
    pub phase: Phase,
    /// By id.
    pub members: BTreeMap<MemberId, ClassicMember>,
    /// Ids that were given out, and until when they are good.
    pub pending: BTreeMap<MemberId, Timestamp>,
}

/// A member.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClassicMember {
    /// The name that it keeps when it starts anew.
    pub instance: Option<String>,
    /// What it calls itself.
    pub client_id: String,
    /// Where it is.
    pub client_host: String,
    /// How long it may be silent.
    pub session_timeout_ms: i32,
    /// How long it may take to join again.
    pub rebalance_timeout_ms: i32,
    /// The protocols that it speaks with what it says of itself in each, the best first.
    pub protocols: Vec<(String, Vec<u8>)>,
    /// Whether it has joined the generation that is being made, and waits for it.
    pub is_joined: bool,
    /// What the leader gave it in this generation.
    pub assignment: Vec<u8>,
    /// When it was heard of by the group itself; heartbeats come on top.
    pub seen_at: Timestamp,
}

/// Where in the making of a generation a group is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Phase {
    /// There are no members.
    Empty {
        /// Since when.
        since: Timestamp,
    },
    /// Members join.
    PreparingRebalance {
        /// Who has not joined by then is out.
        until: Timestamp,
        /// Set where the group was empty: it waits for more members.
        initial: Option<InitialDelay>,
    },
    /// The leader assigns.
    CompletingRebalance {
        /// Since when.
        since: Timestamp,
    },
    /// Everybody has its share.
    Stable,
}

/// A group that was empty waits for more members in steps, as long as more come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct InitialDelay {
    /// How long it may still wait after this step.
    pub remaining_ms: i64,
    /// Whether somebody has come in this step.
    pub has_grown: bool,
}

/// When members were last heard of, by the clock of the store.
pub type Beats = BTreeMap<MemberId, Timestamp>;

impl ClassicGroup {
    /// A group without members.
    #[must_use]
    pub fn empty(since: Timestamp) -> Self {
        Self {
            protocol_type: None,
            protocol: None,
            generation: 0,
            leader: None,
            phase: Phase::Empty { since },
            members: BTreeMap::new(),
            pending: BTreeMap::new(),
        }
    }

    /// As Kafka calls the state.
    #[must_use]
    pub fn state_name(&self) -> &'static str {
        match self.phase {
            Phase::Empty { .. } => "Empty",
            Phase::PreparingRebalance { .. } => "PreparingRebalance",
            Phase::CompletingRebalance { .. } => "CompletingRebalance",
            Phase::Stable => "Stable",
        }
    }

    /// Judges a heartbeat. One that is refused with [`GroupError::RebalanceInProgress`] is a sign of life too.
    ///
    /// # Errors
    /// When it is not that of a member in this generation, or a new one is being made.
    pub fn heartbeat(
        &self,
        member: &MemberId,
        instance: Option<&str>,
        generation: i32,
    ) -> Result<(), GroupError> {
        self.check_member(member, instance)?;
        if generation != self.generation {
            return Err(GroupError::IllegalGeneration);
        }
        match self.phase {
            Phase::PreparingRebalance { .. } => Err(GroupError::RebalanceInProgress),
            Phase::Empty { .. } | Phase::CompletingRebalance { .. } | Phase::Stable => Ok(()),
        }
    }

    /// Judges who commits offsets: a member in this generation, or anybody (without a member) while there are none.
    ///
    /// # Errors
    /// When it is neither.
    pub fn check_commit(
        &self,
        member: Option<&MemberId>,
        instance: Option<&str>,
        generation: i32,
    ) -> Result<(), GroupError> {
        if generation < 0 && matches!(self.phase, Phase::Empty { .. }) {
            return Ok(());
        }
        let Some(member) = member else { return Err(GroupError::UnknownMember) };
        self.check_member(member, instance)?;
        if generation != self.generation {
            return Err(GroupError::IllegalGeneration);
        }
        match self.phase {
            Phase::CompletingRebalance { .. } => Err(GroupError::RebalanceInProgress),
            Phase::Empty { .. } | Phase::PreparingRebalance { .. } | Phase::Stable => Ok(()),
        }
    }

    /// Who has an instance id.
    pub(crate) fn with_instance(&self, instance: &str) -> Option<&MemberId> {
        let mut members = self.members.iter();
        members.find(|(_, member)| member.instance.as_deref() == Some(instance)).map(|(id, _)| id)
    }

    /// Whether `member` is one, under the instance id that it gives.
    pub(crate) fn check_member(&self, member: &MemberId, instance: Option<&str>) -> Result<(), GroupError> {
        if let Some(instance) = instance {
            return match self.with_instance(instance) {
                Some(known) if known == member => Ok(()),
                Some(_) => Err(GroupError::FencedInstance),
                None => Err(GroupError::UnknownMember),
            };
        }
        if self.members.contains_key(member) { Ok(()) } else { Err(GroupError::UnknownMember) }
    }

    /// The longest time that a member may take to join again.
    pub(crate) fn rebalance_timeout(&self) -> Duration {
        let timeouts = self.members.values().map(|member| member.rebalance_timeout_ms);
        millis(timeouts.max().unwrap_or(0))
    }
}

/// A number of milliseconds from the protocol, where a negative one means none.
pub(crate) fn millis(millis: i32) -> Duration {
    Duration::from_millis(u64::try_from(millis).unwrap_or(0))
}
