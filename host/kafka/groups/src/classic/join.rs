use forebay_model::{MemberId, Timestamp};

use super::{ClassicGroup, ClassicMember, InitialDelay, Phase, millis};
use crate::{GroupError, GroupSettings};

/// What a member says when it joins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JoinRequest {
    /// Its id; none for one that is new.
    pub member: Option<MemberId>,
    /// The id that it gets if it is new: one that nobody had.
    pub new_id: MemberId,
    /// Whether it can be sent back to join under an id, as newer clients can.
    pub takes_id_first: bool,
    /// Whether a leader can be told not to assign anything, as newer clients can.
    pub can_skip_assignment: bool,
    /// See [`ClassicMember::instance`].
    pub instance: Option<String>,
    /// See [`ClassicMember::client_id`].
    pub client_id: String,
    /// See [`ClassicMember::client_host`].
    pub client_host: String,
    /// See [`ClassicMember::session_timeout_ms`].
    pub session_timeout_ms: i32,
    /// See [`ClassicMember::rebalance_timeout_ms`].
    pub rebalance_timeout_ms: i32,
    /// See [`ClassicGroup::protocol_type`].
    pub protocol_type: String,
    /// See [`ClassicMember::protocols`].
    pub protocols: Vec<(String, Vec<u8>)>,
}

/// What comes of joining.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Joining {
    /// The member is in.
    Joined(JoinReply),
    /// It waits for the generation after this one: see [`ClassicGroup::joined`].
    Waiting {
        /// Its id.
        member: MemberId,
        /// The generation in which it began to wait.
        generation: i32,
    },
}

/// A generation, as a member sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JoinReply {
    /// Its id.
    pub member: MemberId,
    /// Which generation.
    pub generation: i32,
    /// See [`ClassicGroup::protocol_type`].
    pub protocol_type: Option<String>,
    /// See [`ClassicGroup::protocol`].
    pub protocol: Option<String>,
    /// Who assigns.
    pub leader: Option<MemberId>,
    /// Everybody, for the leader alone.
    pub members: Vec<JoinedMember>,
    /// Whether the leader keeps what was assigned.
    pub skips_assignment: bool,
}

/// A member, as the leader sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JoinedMember {
    /// Its id.
    pub member: MemberId,
    /// See [`ClassicMember::instance`].
    pub instance: Option<String>,
    /// What it says of itself in the protocol of this generation.
    pub metadata: Vec<u8>,
}

impl ClassicGroup {
    /// A member joins, or joins again.
    ///
    /// # Errors
    /// When it can't be one.
    pub fn join(
        &mut self,
        request: JoinRequest,
        now: Timestamp,
        settings: &GroupSettings,
    ) -> Result<Joining, GroupError> {
        let (min_ms, max_ms) = (settings.min_session_timeout_ms, settings.max_session_timeout_ms);
        if !(min_ms..=max_ms).contains(&request.session_timeout_ms) {
            return Err(GroupError::InvalidSessionTimeout { min_ms, max_ms });
        }
        self.check_protocols(&request)?;
        match request.member.clone() {
            None => self.join_without_id(request, now, settings),
            Some(id) => self.join_with_id(id, request, now, settings),
        }
    }

    /// What a member that waits is told, when there is something to tell.
    ///
    /// # Errors
    /// When it is no longer a member.
    pub fn joined(&self, member: &MemberId, waiting_in: i32) -> Result<Option<JoinReply>, GroupError> {
        if !self.members.contains_key(member) {
            return Err(GroupError::UnknownMember);
        }
        // Where the next generation is being made already, the member finds out when it syncs.
        Ok((self.generation != waiting_in).then(|| self.reply(member, false)))
    }

    fn check_protocols(&self, request: &JoinRequest) -> Result<(), GroupError> {
        if request.protocol_type.is_empty() || request.protocols.is_empty() {
            return Err(GroupError::InconsistentProtocol);
        }
        if self.members.is_empty() {
            return Ok(());
        }
        let same_type = self.protocol_type.as_deref() == Some(request.protocol_type.as_str());
        // Who takes over an instance id replaces the member that has it.
        let replaced = request.instance.as_deref().and_then(|instance| self.with_instance(instance));
        let id = request.member.as_ref().or(replaced);
        if same_type && self.shares_protocol(id, &request.protocols) {
            Ok(())
        } else {
            Err(GroupError::InconsistentProtocol)
        }
    }

    fn join_without_id(
        &mut self,
        request: JoinRequest,
        now: Timestamp,
        settings: &GroupSettings,
    ) -> Result<Joining, GroupError> {
        let known = request.instance.as_deref().and_then(|instance| self.with_instance(instance)).cloned();
        if let Some(old) = known {
            return Ok(self.take_over(&old, request, now, settings));
        }
        if self.members.len() + self.pending.len() >= settings.max_members {
            return Err(GroupError::Full);
        }
        let id = request.new_id.clone();
        if request.instance.is_none() && request.takes_id_first {
            self.pending.insert(id.clone(), now.after(millis(request.session_timeout_ms)));
            return Err(GroupError::MemberIdRequired(id));
        }
        Ok(self.add(id, request, now, settings))
    }

    fn join_with_id(
        &mut self,
        id: MemberId,
        request: JoinRequest,
        now: Timestamp,
        settings: &GroupSettings,
    ) -> Result<Joining, GroupError> {
        if self.pending.remove(&id).is_some() {
            if request.instance.is_some() {
                return Err(GroupError::UnknownMember);
            }
            return Ok(self.add(id, request, now, settings));
        }
        self.check_member(&id, request.instance.as_deref())?;
        let is_leader = self.leader.as_ref() == Some(&id);
        let Some(member) = self.members.get_mut(&id) else { return Err(GroupError::UnknownMember) };
        let is_same = member.protocols == request.protocols;
        update(member, request, now);
        let wants_rebalance = match self.phase {
            Phase::Empty { .. } => return Err(GroupError::UnknownMember),
            Phase::PreparingRebalance { .. } => true,
            // The answer to its first try was lost.
            Phase::CompletingRebalance { .. } => !is_same,
            // A leader that joins again wants everything shared anew: it alone knows of new partitions.
            Phase::Stable => is_leader || !is_same,
        };
        if !wants_rebalance {
            return Ok(Joining::Joined(self.reply(&id, false)));
        }
        Ok(self.wait(id, now, settings))
    }

    /// A member with an instance id has started anew: it takes the place of `old`.
    fn take_over(
        &mut self,
        old: &MemberId,
        request: JoinRequest,
        now: Timestamp,
        settings: &GroupSettings,
    ) -> Joining {
        let id = request.new_id.clone();
        let can_skip_assignment = request.can_skip_assignment;
        let Some(mut member) = self.members.remove(old) else {
            return self.add(id, request, now, settings);
        };
        let was_leader = self.leader.as_ref() == Some(old);
        let metadata = |member: &ClassicMember| {
            let mut protocols = member.protocols.iter();
            protocols.find(|(name, _)| Some(name) == self.protocol.as_ref()).cloned()
        };
        let before = metadata(&member);
        update(&mut member, request, now);
        let is_same = before.is_some() && metadata(&member) == before;
        self.members.insert(id.clone(), member);
        if was_leader {
            self.leader = Some(id.clone());
        }
        if self.phase == Phase::Stable && is_same {
            let mut reply = self.reply(&id, was_leader && can_skip_assignment);
            if was_leader && !can_skip_assignment {
                // An older client that sees itself as the leader would assign: it is told that another is.
                reply.leader = Some(old.clone());
                reply.members.clear();
            }
            return Joining::Joined(reply);
        }
        self.wait(id, now, settings)
    }

    fn add(
        &mut self,
        id: MemberId,
        request: JoinRequest,
        now: Timestamp,
        settings: &GroupSettings,
    ) -> Joining {
        if self.members.is_empty() {
            self.protocol_type = Some(request.protocol_type.clone());
        }
        let mut member = ClassicMember {
            instance: None,
            client_id: String::new(),
            client_host: String::new(),
            session_timeout_ms: 0,
            rebalance_timeout_ms: 0,
            protocols: Vec::new(),
            is_joined: false,
            assignment: Vec::new(),
            seen_at: now,
        };
        update(&mut member, request, now);
        self.members.insert(id.clone(), member);
        if self.leader.is_none() {
            self.leader = Some(id.clone());
        }
        if let Phase::PreparingRebalance { initial: Some(InitialDelay { has_grown, .. }), .. } =
            &mut self.phase
        {
            *has_grown = true;
        }
        self.wait(id, now, settings)
    }

    /// The member takes part in the next generation, which may be there at once.
    fn wait(&mut self, id: MemberId, now: Timestamp, settings: &GroupSettings) -> Joining {
        let generation = self.generation;
        self.prepare_rebalance(now, settings);
        if let Some(member) = self.members.get_mut(&id) {
            member.is_joined = true;
        }
        match self.phase {
            Phase::PreparingRebalance { initial: None, .. } => self.complete_if_all_joined(now),
            Phase::PreparingRebalance { until, initial: Some(_) } if until <= now => {
                self.join_time_is_over(now, settings);
            }
            _ => {}
        }
        if self.generation == generation {
            return Joining::Waiting { member: id, generation };
        }
        Joining::Joined(self.reply(&id, false))
    }

    fn reply(&self, id: &MemberId, skips_assignment: bool) -> JoinReply {
        let is_leader = self.leader.as_ref() == Some(id);
        let metadata = |member: &ClassicMember| {
            let mut protocols = member.protocols.iter();
            let chosen = protocols.find(|(name, _)| Some(name) == self.protocol.as_ref());
            chosen.map(|(_, metadata)| metadata.clone()).unwrap_or_default()
        };
        let members = self.members.iter().filter(|_| is_leader).map(|(id, member)| JoinedMember {
            member: id.clone(),
            instance: member.instance.clone(),
            metadata: metadata(member),
        });
        JoinReply {
            member: id.clone(),
            generation: self.generation,
            protocol_type: self.protocol_type.clone(),
            protocol: self.protocol.clone(),
            leader: self.leader.clone(),
            members: members.collect(),
            skips_assignment,
        }
    }
}

/// Takes over what a member says of itself.
fn update(member: &mut ClassicMember, request: JoinRequest, now: Timestamp) {
    member.instance = request.instance;
    member.client_id = request.client_id;
    member.client_host = request.client_host;
    member.session_timeout_ms = request.session_timeout_ms;
    member.rebalance_timeout_ms = request.rebalance_timeout_ms;
    member.protocols = request.protocols;
    member.seen_at = now;
}
