//! How a member comes from what it owns to its target.

use forebay_model::{MemberId, Timestamp};

use super::target::{both, either, without};
use super::{ConsumerGroup, Partitions};
use crate::classic::millis;

impl ConsumerGroup {
    /// Takes a member as far as it can go: `owned` is what it says that it owns, if it says so.
    pub(super) fn reconcile(&mut self, id: &MemberId, owned: Option<&Partitions>, now: Timestamp) {
        let (epoch, target) = (self.assignment_epoch, self.target.get(id).cloned().unwrap_or_default());
        let taken = self.owned_by_others(id);
        let Some(member) = self.members.get_mut(id) else { return };
        if !member.revoking.is_empty() {
            let still_owns = owned.is_none_or(|owned| !both(owned, &member.revoking).is_empty());
            if still_owns {
                return;
            }
        } else if member.epoch == epoch && !member.waits_for_others {
            return;
        }
        let keeps = both(&member.assigned, &target);
        let gives_up = without(&member.assigned, &target);
        let wants = without(&target, &keeps);
        let gets = without(&wants, &taken);
        let is_owner = |gives_up| owned.is_none_or(|owned| !both(owned, gives_up).is_empty());
        if !gives_up.is_empty() && is_owner(&gives_up) {
            // It stays in its epoch until it has given that up.
            member.assigned = keeps;
            member.revoking = gives_up;
            member.revoking_until = Some(now.after(millis(member.rebalance_timeout_ms)));
            return;
        }
        member.waits_for_others = gets != wants;
        member.assigned = either(&keeps, &gets);
        member.revoking.clear();
        member.revoking_until = None;
        if member.epoch != epoch {
            member.previous_epoch = member.epoch;
            member.epoch = epoch;
        }
    }

    /// What members other than `id` own or have not given up.
    fn owned_by_others(&self, id: &MemberId) -> Partitions {
        let others = self.members.iter().filter(|(other, _)| *other != id);
        others.fold(Partitions::new(), |owned, (_, member)| {
            either(&either(&owned, &member.assigned), &member.revoking)
        })
    }
}
