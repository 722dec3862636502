use std::collections::{BTreeMap, BTreeSet};

use forebay_model::{MemberId, Timestamp};

use super::assign::Assignor;
use super::expressions::compiled;
use super::target::without;
use super::{ConsumerGroup, ConsumerMember, JOINS, LEAVES, LEAVES_FOR_A_WHILE, Partitions, TopicCounts};
use crate::{GroupError, GroupSettings, LeavingMember};

/// What a member says. What is none has not changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConsumerHeartbeat {
    /// Its id.
    pub member: MemberId,
    /// The epoch that it has reached, or one of [`JOINS`], [`LEAVES`] and [`LEAVES_FOR_A_WHILE`].
    pub epoch: i32,
    /// See [`ConsumerMember::instance`].
    pub instance: Option<String>,
    /// See [`ConsumerMember::rack`].
    pub rack: Option<String>,
    /// See [`ConsumerMember::client_id`].
    pub client_id: String,
    /// See [`ConsumerMember::client_host`].
    pub client_host: String,
    /// See [`ConsumerMember::rebalance_timeout_ms`].
    pub rebalance_timeout_ms: Option<i32>,
    /// See [`ConsumerMember::names`].
    pub names: Option<BTreeSet<String>>,
    /// See [`ConsumerMember::regex`]; an empty one is no longer any.
    pub regex: Option<String>,
    /// See [`ConsumerMember::assignor`].
    pub assignor: Option<String>,
    /// What it owns.
    pub owned: Option<Partitions>,
}

/// What a member is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeartbeatReply {
    /// Its epoch.
    pub epoch: i32,
    /// What it is to own now, where that has changed or it can't know.
    pub assignment: Option<Partitions>,
}

impl ConsumerGroup {
    /// Takes a heartbeat. `topics` are all that there are.
    ///
    /// # Errors
    /// When the member is none, or its epoch can't be. Nothing has changed then.
    pub fn heartbeat(
        &mut self,
        beat: &ConsumerHeartbeat,
        topics: &TopicCounts,
        now: Timestamp,
        settings: &GroupSettings,
    ) -> Result<HeartbeatReply, GroupError> {
        check(beat)?;
        match beat.epoch {
            LEAVES | LEAVES_FOR_A_WHILE => return self.leave(beat, now),
            JOINS => self.join(beat, now, settings)?,
            _ => self.check_epoch(beat)?,
        }
        let before = self.members.get(&beat.member).map(|member| member.assigned.clone());
        let has_changed = self.update(beat);
        let topics = self.subscribed_topics(topics);
        if has_changed || topics != self.topics || !self.target.contains_key(&beat.member) {
            self.retarget(topics);
        }
        self.reconcile(&beat.member, beat.owned.as_ref(), now);
        let Some(member) = self.members.get(&beat.member) else { return Err(GroupError::UnknownMember) };
        let says_all = beat.rebalance_timeout_ms.is_some()
            && (beat.names.is_some() || beat.regex.is_some())
            && beat.owned.is_some();
        let is_told = beat.epoch == JOINS || says_all || before.as_ref() != Some(&member.assigned);
        let assignment = is_told.then(|| member.assigned.clone());
        Ok(HeartbeatReply { epoch: member.epoch, assignment })
    }

    fn join(
        &mut self,
        beat: &ConsumerHeartbeat,
        now: Timestamp,
        settings: &GroupSettings,
    ) -> Result<(), GroupError> {
        let with_instance = beat.instance.as_deref().and_then(|instance| self.with_instance(instance));
        if let Some(old) = with_instance.filter(|old| **old != beat.member).cloned() {
            let is_away = |member: &ConsumerMember| member.epoch == LEAVES_FOR_A_WHILE;
            if !self.members.get(&old).is_some_and(is_away) {
                return Err(GroupError::UnreleasedInstance);
            }
            // It comes back under a new id, and goes on with what it had.
            if let Some(member) = self.members.remove(&old) {
                self.members.insert(beat.member.clone(), member);
            }
            if let Some(target) = self.target.remove(&old) {
                self.target.insert(beat.member.clone(), target);
            }
        }
        if !self.members.contains_key(&beat.member) && self.members.len() >= settings.max_members {
            return Err(GroupError::Full);
        }
        let member = self.members.entry(beat.member.clone()).or_insert_with(|| ConsumerMember {
            instance: beat.instance.clone(),
            rack: None,
            client_id: String::new(),
            client_host: String::new(),
            rebalance_timeout_ms: 0,
            names: BTreeSet::new(),
            regex: None,
            assignor: None,
            epoch: JOINS,
            previous_epoch: JOINS,
            assigned: BTreeMap::new(),
            revoking: BTreeMap::new(),
            revoking_until: None,
            waits_for_others: false,
            seen_at: now,
        });
        // It owns nothing, whatever it had before.
        (member.epoch, member.previous_epoch) = (JOINS, JOINS);
        member.seen_at = now;
        member.revoking.clear();
        member.revoking_until = None;
        Ok(())
    }

    fn check_epoch(&self, beat: &ConsumerHeartbeat) -> Result<(), GroupError> {
        if let Some(instance) = &beat.instance {
            match self.with_instance(instance) {
                None => return Err(GroupError::UnknownMember),
                Some(known) if *known != beat.member => return Err(GroupError::FencedInstance),
                Some(_) => {}
            }
        }
        let member = self.members.get(&beat.member).ok_or(GroupError::UnknownMember)?;
        if beat.epoch == member.epoch {
            return Ok(());
        }
        // The answer that told the newer epoch was lost, as long as the member owns no more than it may.
        let was_lost = beat.epoch == member.previous_epoch
            && beat.owned.as_ref().is_some_and(|owned| without(owned, &member.assigned).is_empty());
        if was_lost { Ok(()) } else { Err(GroupError::FencedMemberEpoch) }
    }

    fn leave(&mut self, beat: &ConsumerHeartbeat, now: Timestamp) -> Result<HeartbeatReply, GroupError> {
        if let Some(instance) = &beat.instance {
            match self.with_instance(instance) {
                None => return Err(GroupError::UnknownMember),
                Some(known) if *known != beat.member => return Err(GroupError::FencedInstance),
                Some(_) => {}
            }
        }
        let member = self.members.get_mut(&beat.member).ok_or(GroupError::UnknownMember)?;
        if beat.epoch == LEAVES_FOR_A_WHILE {
            member.epoch = LEAVES_FOR_A_WHILE;
            member.revoking.clear();
            member.revoking_until = None;
            member.seen_at = now;
        } else {
            self.remove(std::slice::from_ref(&beat.member), now);
        }
        Ok(HeartbeatReply { epoch: beat.epoch, assignment: None })
    }

    /// Members are removed by somebody who looks after the group. Tells for each whether it was one.
    pub(crate) fn leave_together(
        &mut self,
        leaving: &[LeavingMember],
        now: Timestamp,
    ) -> Vec<Result<MemberId, GroupError>> {
        let find = |LeavingMember { member, instance }: &LeavingMember| {
            let known = match instance {
                Some(instance) => self.with_instance(instance),
                None => member.as_ref().filter(|id| self.members.contains_key(*id)),
            };
            match (known, member) {
                (None, _) => Err(GroupError::UnknownMember),
                (Some(known), Some(member)) if known != member => Err(GroupError::FencedInstance),
                (Some(known), _) => Ok(known.clone()),
            }
        };
        let left: Vec<_> = leaving.iter().map(find).collect();
        let gone: Vec<MemberId> = left.iter().filter_map(|left| left.as_ref().ok()).cloned().collect();
        self.remove(&gone, now);
        left
    }

    /// Takes over what a member says of itself. Whether it may change who owns what.
    fn update(&mut self, beat: &ConsumerHeartbeat) -> bool {
        let ConsumerHeartbeat {
            member,
            epoch: _,
            instance,
            rack,
            client_id,
            client_host,
            rebalance_timeout_ms,
            names,
            regex,
            assignor,
            owned: _,
        } = beat;
        let Some(member) = self.members.get_mut(member) else { return false };
        let before = (member.names.clone(), member.regex.clone(), member.assignor.clone());
        let set = |field: &mut Option<String>, value: &Option<String>| {
            if let Some(value) = value {
                *field = Some(value.clone()).filter(|value| !value.is_empty());
            }
        };
        set(&mut member.instance, instance);
        set(&mut member.rack, rack);
        set(&mut member.regex, regex);
        set(&mut member.assignor, assignor);
        // These come with every request; who writes only them writes nothing.
        if beat.epoch == JOINS {
            member.client_id.clone_from(client_id);
            member.client_host.clone_from(client_host);
        }
        if let Some(timeout) = rebalance_timeout_ms {
            member.rebalance_timeout_ms = *timeout;
        }
        if let Some(names) = names {
            member.names.clone_from(names);
        }
        before != (member.names.clone(), member.regex.clone(), member.assignor.clone())
    }

    fn with_instance(&self, instance: &str) -> Option<&MemberId> {
        let mut members = self.members.iter();
        members.find(|(_, member)| member.instance.as_deref() == Some(instance)).map(|(id, _)| id)
    }
}

/// What is wrong with a heartbeat whatever the group is.
fn check(beat: &ConsumerHeartbeat) -> Result<(), GroupError> {
    let ConsumerHeartbeat { epoch, instance, rebalance_timeout_ms, names, regex, assignor, owned, .. } = beat;
    if assignor.as_deref().is_some_and(|name| Assignor::named(name).is_none()) {
        return Err(GroupError::UnsupportedAssignor);
    }
    if let Some(expression) = regex.as_deref().filter(|expression| !expression.is_empty()) {
        compiled(expression)?;
    }
    match *epoch {
        JOINS if rebalance_timeout_ms.is_none() => {
            Err(GroupError::Invalid("RebalanceTimeoutMs must be provided in first request."))
        }
        JOINS if owned.as_ref().is_none_or(|owned| !owned.is_empty()) => {
            Err(GroupError::Invalid("TopicPartitions must be empty when (re-)joining."))
        }
        JOINS if names.is_none() && regex.as_deref().is_none_or(str::is_empty) => Err(GroupError::Invalid(
            "Either SubscribedTopicNames or SubscribedTopicRegex must be non-null when (re-)joining.",
        )),
        LEAVES_FOR_A_WHILE if instance.is_none() => {
            Err(GroupError::Invalid("InstanceId can't be null when leaving for a while."))
        }
        epoch if epoch < LEAVES_FOR_A_WHILE => Err(GroupError::Invalid("MemberEpoch is invalid.")),
        _ => Ok(()),
    }
}
