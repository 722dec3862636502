use std::collections::BTreeMap;

use forebay_model::MemberId;

use super::{ClassicGroup, Phase};
use crate::GroupError;

/// What a member says when it wants its share.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SyncRequest {
    /// Who.
    pub member: MemberId,
    /// Under which instance id.
    pub instance: Option<String>,
    /// In which generation.
    pub generation: i32,
    /// The type of protocol and the protocol that it was told, where it says so.
    pub protocol_type: Option<String>,
    /// See [`Self::protocol_type`].
    pub protocol: Option<String>,
    /// Who gets what, if it is the leader.
    pub assignments: BTreeMap<MemberId, Vec<u8>>,
}

/// What comes of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Syncing {
    /// This is its share.
    Synced(Vec<u8>),
    /// The leader has not said who gets what: see [`ClassicGroup::synced`].
    Waiting,
}

impl ClassicGroup {
    /// A member wants its share; the leader says all of them.
    ///
    /// # Errors
    /// When it is none in this generation, or a new one is being made.
    pub fn sync(&mut self, request: SyncRequest) -> Result<Syncing, GroupError> {
        let SyncRequest { member, instance, generation, protocol_type, protocol, assignments } = request;
        self.check_member(&member, instance.as_deref())?;
        if generation != self.generation {
            return Err(GroupError::IllegalGeneration);
        }
        let differs = |said: &Option<String>, is: &Option<String>| said.is_some() && said != is;
        if differs(&protocol_type, &self.protocol_type) || differs(&protocol, &self.protocol) {
            return Err(GroupError::InconsistentProtocol);
        }
        let assigns = matches!(self.phase, Phase::CompletingRebalance { .. });
        if assigns && self.leader.as_ref() == Some(&member) {
            self.complete_sync(assignments);
        }
        self.synced(&member, generation)
    }

    /// What a member that waits for its share is told.
    ///
    /// # Errors
    /// When it is no longer a member, or a new generation is being made.
    pub fn synced(&self, member: &MemberId, generation: i32) -> Result<Syncing, GroupError> {
        let Some(found) = self.members.get(member) else { return Err(GroupError::UnknownMember) };
        if generation != self.generation {
            return Err(GroupError::RebalanceInProgress);
        }
        match self.phase {
            Phase::Empty { .. } => Err(GroupError::UnknownMember),
            Phase::PreparingRebalance { .. } => Err(GroupError::RebalanceInProgress),
            Phase::CompletingRebalance { .. } => Ok(Syncing::Waiting),
            Phase::Stable => Ok(Syncing::Synced(found.assignment.clone())),
        }
    }
}
