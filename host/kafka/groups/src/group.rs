use std::collections::BTreeSet;
use std::time::Duration;

use forebay_model::{MemberId, Timestamp};
use serde::{Deserialize, Serialize};

use crate::classic::millis;
use crate::{Beats, ClassicGroup, ConsumerGroup, GroupError, GroupSettings, LeavingMember, Phase};

/// What stands in front of the bytes of a group: how they are written.
const FORMAT: u8 = 1;

/// All that is known of a group, but for its heartbeats and offsets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Group {
    /// Of the classic protocol, or without members.
    Classic(ClassicGroup),
    /// Of the protocol of KIP-848.
    Consumer(ConsumerGroup),
}

/// Bytes that are no group, or a group that can't be written.
#[derive(Debug, Clone, thiserror::Error)]
pub enum StateError {
    /// Of another program.
    #[error("the state of the group has format {found:?}, expected {FORMAT}: use the newer program")]
    Format {
        /// The first byte, if there is one.
        found: Option<u8>,
    },
    /// Not what was written.
    #[error("the state of the group can't be read")]
    Encoding(#[from] postcard::Error),
}

impl Group {
    /// A group without members.
    #[must_use]
    pub fn empty(since: Timestamp) -> Self {
        Self::Classic(ClassicGroup::empty(since))
    }

    /// As bytes.
    ///
    /// # Errors
    /// When it is larger than memory.
    pub fn encode(&self) -> Result<Vec<u8>, StateError> {
        let mut bytes = vec![FORMAT];
        bytes.extend(postcard::to_allocvec(self)?);
        Ok(bytes)
    }

    /// From the bytes of [`Self::encode`].
    ///
    /// # Errors
    /// When they are something else.
    pub fn decode(bytes: &[u8]) -> Result<Self, StateError> {
        match bytes.split_first() {
            Some((&FORMAT, state)) => Ok(postcard::from_bytes(state)?),
            first => Err(StateError::Format { found: first.map(|(format, _)| *format) }),
        }
    }

    /// The group of the classic protocol, which one without members becomes.
    ///
    /// # Errors
    /// When it has members of the other protocol.
    pub fn classic(&mut self) -> Result<&mut ClassicGroup, GroupError> {
        if let Self::Consumer(group) = self {
            if !group.members.is_empty() {
                return Err(GroupError::InconsistentProtocol);
            }
            let empty = ClassicGroup::empty(group.empty_since);
            *self = Self::Classic(ClassicGroup { generation: group.epoch, ..empty });
        }
        match self {
            Self::Classic(group) => Ok(group),
            Self::Consumer(_) => Err(GroupError::InconsistentProtocol),
        }
    }

    /// The group of the protocol of KIP-848, which one without members becomes.
    ///
    /// # Errors
    /// When it has members of the other protocol: they leave first.
    pub fn consumer(&mut self) -> Result<&mut ConsumerGroup, GroupError> {
        let refused = GroupError::NotFound("the group has members of the classic protocol: stop them first");
        if let Self::Classic(group) = self {
            let Phase::Empty { since } = group.phase else { return Err(refused) };
            *self = Self::Consumer(ConsumerGroup::empty(group.generation, since));
        }
        match self {
            Self::Consumer(group) => Ok(group),
            Self::Classic(_) => Err(refused),
        }
    }

    /// The same to look at.
    #[must_use]
    pub fn as_classic(&self) -> Option<&ClassicGroup> {
        match self {
            Self::Classic(group) => Some(group),
            Self::Consumer(_) => None,
        }
    }

    /// The group of the protocol of KIP-848 to look at.
    #[must_use]
    pub fn as_consumer(&self) -> Option<&ConsumerGroup> {
        match self {
            Self::Consumer(group) => Some(group),
            Self::Classic(_) => None,
        }
    }

    /// Members leave. Tells for each whether it was one.
    pub fn leave(
        &mut self,
        leaving: &[LeavingMember],
        now: Timestamp,
        settings: &GroupSettings,
    ) -> Vec<Result<MemberId, GroupError>> {
        match self {
            Self::Classic(group) => group.leave(leaving, now, settings),
            Self::Consumer(group) => group.leave_together(leaving, now),
        }
    }

    /// Brings the group to what it is at `now`.
    pub fn advance(&mut self, now: Timestamp, beats: &Beats, settings: &GroupSettings) {
        match self {
            Self::Classic(group) => group.advance(now, beats, settings),
            Self::Consumer(group) => group.advance(now, beats, settings),
        }
    }

    /// When [`Self::advance`] has something to do next, if nobody is heard of until then.
    #[must_use]
    pub fn next_deadline(&self, beats: &Beats, settings: &GroupSettings) -> Option<Timestamp> {
        match self {
            Self::Classic(group) => group.next_deadline(beats),
            Self::Consumer(group) => group.next_deadline(beats, settings),
        }
    }

    /// Its members, without those that have no more than an id.
    #[must_use]
    pub fn member_ids(&self) -> BTreeSet<MemberId> {
        match self {
            Self::Classic(group) => group.members.keys().cloned().collect(),
            Self::Consumer(group) => group.members.keys().cloned().collect(),
        }
    }

    /// Whether somebody is one of its members, with more than an id.
    #[must_use]
    pub fn has_member(&self, member: &MemberId) -> bool {
        match self {
            Self::Classic(group) => group.members.contains_key(member),
            Self::Consumer(group) => group.members.contains_key(member),
        }
    }

    /// Whether it has no members.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        match self {
            Self::Classic(group) => matches!(group.phase, Phase::Empty { .. }) && group.pending.is_empty(),
            Self::Consumer(group) => group.members.is_empty(),
        }
    }

    /// Since when it has none.
    #[must_use]
    pub fn empty_since(&self) -> Option<Timestamp> {
        match self {
            Self::Classic(ClassicGroup { phase: Phase::Empty { since }, .. }) => Some(*since),
            Self::Consumer(group) if group.members.is_empty() => Some(group.empty_since),
            Self::Classic(_) | Self::Consumer(_) => None,
        }
    }

    /// The shortest time that a member may be silent; none without members.
    #[must_use]
    pub fn shortest_session(&self, settings: &GroupSettings) -> Option<Duration> {
        match self {
            Self::Classic(group) => {
                group.members.values().map(|member| millis(member.session_timeout_ms)).min()
            }
            Self::Consumer(group) => (!group.members.is_empty()).then_some(settings.consumer_session_timeout),
        }
    }

    /// As Kafka calls the state.
    #[must_use]
    pub fn state_name(&self) -> &'static str {
        match self {
            Self::Classic(group) => group.state_name(),
            Self::Consumer(group) => group.state_name(),
        }
    }

    /// As Kafka calls the protocol of the group.
    #[must_use]
    pub fn type_name(&self) -> &'static str {
        match self {
            Self::Classic(_) => "classic",
            Self::Consumer(_) => "consumer",
        }
    }

    /// What members do with it; empty where none was.
    #[must_use]
    pub fn protocol_type(&self) -> &str {
        match self {
            Self::Classic(group) => group.protocol_type.as_deref().unwrap_or_default(),
            Self::Consumer(_) => "consumer",
        }
    }

    /// The number of its generation, or its epoch.
    #[must_use]
    pub fn generation(&self) -> i32 {
        match self {
            Self::Classic(group) => group.generation,
            Self::Consumer(group) => group.epoch,
        }
    }

    /// Whether some member subscribes to a topic.
    #[must_use]
    pub fn subscribes_to(&self, topic: &str) -> bool {
        match self {
            Self::Classic(group) => group.subscribes_to(topic),
            Self::Consumer(group) => group.subscribes_to(topic),
        }
    }

    /// Judges who commits or asks for offsets: with a generation or member epoch below zero and no member, whoever
    /// looks after a group without members.
    ///
    /// # Errors
    /// When it is no member in this generation.
    pub fn check_commit(
        &self,
        member: Option<&MemberId>,
        instance: Option<&str>,
        generation: i32,
    ) -> Result<(), GroupError> {
        match self {
            Self::Classic(group) => group.check_commit(member, instance, generation),
            Self::Consumer(group) => group.check_commit(member, generation),
        }
    }
}
