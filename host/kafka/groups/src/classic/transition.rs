//! Every change of a group's phase.

use std::collections::BTreeMap;
use std::time::Duration;

use forebay_model::{MemberId, Timestamp};

use super::{ClassicGroup, InitialDelay, Phase};
use crate::GroupSettings;

impl ClassicGroup {
    /// A new generation is wanted: from now on members join it. Nothing changes where one is being made already.
    pub(super) fn prepare_rebalance(&mut self, now: Timestamp, settings: &GroupSettings) {
        let timeout = self.rebalance_timeout();
        self.phase = match self.phase {
            Phase::PreparingRebalance { .. } => return,
            Phase::Empty { .. } => {
                let delay = settings.initial_rebalance_delay.min(timeout);
                let remaining = timeout.saturating_sub(delay);
                let remaining_ms = i64::try_from(remaining.as_millis()).unwrap_or(i64::MAX);
                let initial = Some(InitialDelay { remaining_ms, has_grown: false });
                Phase::PreparingRebalance { until: now.after(delay), initial }
            }
            Phase::CompletingRebalance { .. } | Phase::Stable => {
                Phase::PreparingRebalance { until: now.after(timeout), initial: None }
            }
        };
        for member in self.members.values_mut() {
            member.assignment.clear();
        }
    }

    /// The time for joining is over. A group that waits for more members goes on while some come.
    pub(super) fn join_time_is_over(&mut self, now: Timestamp, settings: &GroupSettings) {
        let Phase::PreparingRebalance { initial, .. } = &self.phase else { return };
        if let Some(InitialDelay { remaining_ms, has_grown: true }) = *initial
            && remaining_ms > 0
        {
            let remaining = Duration::from_millis(remaining_ms.unsigned_abs());
            let step = settings.initial_rebalance_delay.min(remaining);
            let left = remaining.saturating_sub(step);
            let initial = InitialDelay {
                remaining_ms: i64::try_from(left.as_millis()).unwrap_or(i64::MAX),
                has_grown: false,
            };
            self.phase = Phase::PreparingRebalance { until: now.after(step), initial: Some(initial) };
            return;
        }
        self.complete_join(now);
    }

    /// Makes the next generation of who has joined. Members with an instance id stay for as long as their session lasts.
    pub(super) fn complete_join(&mut self, now: Timestamp) {
        self.members.retain(|_, member| member.is_joined || member.instance.is_some());
        if self.members.is_empty() {
            self.become_empty(now);
            return;
        }
        let joined = |id: &MemberId| self.members.get(id).is_some_and(|member| member.is_joined);
        if !self.leader.as_ref().is_some_and(joined) {
            let mut members = self.members.iter();
            match members.find(|(_, member)| member.is_joined).map(|(id, _)| id.clone()) {
                Some(leader) => self.leader = Some(leader),
                None => {
                    // Nobody could lead: those that keep their place may still come.
                    let until = now.after(self.rebalance_timeout());
                    self.phase = Phase::PreparingRebalance { until, initial: None };
                    return;
                }
            }
        }
        self.generation = next(self.generation);
        self.protocol = self.chosen_protocol();
        for member in self.members.values_mut() {
            member.is_joined = false;
            member.assignment.clear();
            member.seen_at = now;
        }
        self.phase = Phase::CompletingRebalance { since: now };
    }

    /// The leader has said who gets what; who was forgotten gets nothing.
    pub(super) fn complete_sync(&mut self, mut assignments: BTreeMap<MemberId, Vec<u8>>) {
        for (id, member) in &mut self.members {
            member.assignment = assignments.remove(id).unwrap_or_default();
        }
        self.phase = Phase::Stable;
    }

    /// The last member is gone.
    pub(super) fn become_empty(&mut self, now: Timestamp) {
        if matches!(self.phase, Phase::Empty { .. }) {
            return;
        }
        self.generation = next(self.generation);
        self.protocol = None;
        self.leader = None;
        self.phase = Phase::Empty { since: now };
    }

    /// Removes members that are gone, and makes those who stay share anew.
    pub(super) fn remove(&mut self, gone: &[MemberId], now: Timestamp, settings: &GroupSettings) {
        let before = self.members.len();
        for id in gone {
            self.members.remove(id);
            self.pending.remove(id);
            if self.leader.as_ref() == Some(id) {
                self.leader = None;
            }
        }
        if self.members.len() == before {
            return;
        }
        match self.phase {
            Phase::Empty { .. } => {}
            // While a group waits for more members it may be without any for a moment, as with Kafka.
            Phase::PreparingRebalance { initial: Some(_), .. } if !self.pending.is_empty() => {}
            _ if self.members.is_empty() => self.become_empty(now),
            Phase::PreparingRebalance { .. } => {}
            Phase::CompletingRebalance { .. } | Phase::Stable => self.prepare_rebalance(now, settings),
        }
    }

    /// The protocol that most members like best, of those that all speak.
    fn chosen_protocol(&self) -> Option<String> {
        let is_common = |name: &str| {
            self.members.values().all(|member| member.protocols.iter().any(|(other, _)| other == name))
        };
        let mut votes: BTreeMap<&str, usize> = BTreeMap::new();
        for member in self.members.values() {
            if let Some((name, _)) = member.protocols.iter().find(|(name, _)| is_common(name)) {
                *votes.entry(name).or_default() += 1;
            }
        }
        let most = votes.values().copied().max()?;
        votes.into_iter().find(|(_, count)| *count == most).map(|(name, _)| name.to_owned())
    }

    /// Whether taking `member` in would leave a group in which some protocol is common to all.
    pub(super) fn shares_protocol(&self, id: Option<&MemberId>, protocols: &[(String, Vec<u8>)]) -> bool {
        let others = || self.members.iter().filter(|(other, _)| Some(*other) != id).map(|(_, member)| member);
        protocols
            .iter()
            .any(|(name, _)| others().all(|member| member.protocols.iter().any(|(other, _)| other == name)))
    }
}

/// Generations start over after the last number, as in Kafka.
fn next(generation: i32) -> i32 {
    generation.checked_add(1).unwrap_or(1)
}
