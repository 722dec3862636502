//! What time alone does to a group.

use forebay_model::{MemberId, Timestamp};

use super::{Beats, ClassicGroup, ClassicMember, Phase, millis};
use crate::GroupSettings;

impl ClassicGroup {
    /// Brings the group to what it is at `now`: who was silent for too long is gone, and what only waited for its time
    /// has happened. Whoever looks at a group calls this first.
    pub fn advance(&mut self, now: Timestamp, beats: &Beats, settings: &GroupSettings) {
        self.pending.retain(|_, until| *until > now);
        let silent: Vec<MemberId> = self
            .members
            .iter()
            .filter(|(id, member)| self.silent_at(id, member, beats).is_some_and(|at| at <= now))
            .map(|(id, _)| id.clone())
            .collect();
        self.remove(&silent, now, settings);
        match self.phase {
            Phase::PreparingRebalance { until, .. } if until <= now => self.join_time_is_over(now, settings),
            Phase::PreparingRebalance { initial: None, .. } => self.complete_if_all_joined(now),
            Phase::CompletingRebalance { since } if since.after(self.rebalance_timeout()) <= now => {
                // It has given signs of life, and yet does not say who gets what.
                let leader: Vec<MemberId> = self.leader.iter().cloned().collect();
                self.remove(&leader, now, settings);
            }
            _ => {}
        }
    }

    /// When [`Self::advance`] has something to do next, if nobody is heard of until then.
    #[must_use]
    pub fn next_deadline(&self, beats: &Beats) -> Option<Timestamp> {
        let silent = self.members.iter().filter_map(|(id, member)| self.silent_at(id, member, beats));
        silent.chain(self.phase_ends_at()).chain(self.pending.values().copied()).min()
    }

    /// When joining or assigning ends by itself.
    #[must_use]
    pub fn phase_ends_at(&self) -> Option<Timestamp> {
        match self.phase {
            Phase::PreparingRebalance { until, .. } => Some(until),
            Phase::CompletingRebalance { since } => Some(since.after(self.rebalance_timeout())),
            Phase::Empty { .. } | Phase::Stable => None,
        }
    }

    pub(super) fn complete_if_all_joined(&mut self, now: Timestamp) {
        let is_complete = self.pending.is_empty()
            && !self.members.is_empty()
            && self.members.values().all(|member| member.is_joined);
        if is_complete {
            self.complete_join(now);
        }
    }

    /// Until when the member may be silent. One that waits for the next generation may be as long as that takes.
    fn silent_at(&self, id: &MemberId, member: &ClassicMember, beats: &Beats) -> Option<Timestamp> {
        if member.is_joined {
            return None;
        }
        let heard = beats.get(id).copied().map_or(member.seen_at, |at| at.max(member.seen_at));
        Some(heard.after(millis(member.session_timeout_ms)))
    }
}
