use forebay_model::{MemberId, Timestamp};

use super::{ClassicGroup, Phase};
use crate::{GroupError, GroupSettings};

/// Who leaves: by its id, or by its instance id alone when somebody else removes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeavingMember {
    /// Its id.
    pub member: Option<MemberId>,
    /// Its instance id.
    pub instance: Option<String>,
}

impl ClassicGroup {
    /// Members leave. Tells for each whether it was one.
    pub fn leave(
        &mut self,
        leaving: &[LeavingMember],
        now: Timestamp,
        settings: &GroupSettings,
    ) -> Vec<Result<MemberId, GroupError>> {
        let left: Vec<_> = leaving.iter().map(|leaving| self.find_leaving(leaving)).collect();
        let gone: Vec<MemberId> = left.iter().filter_map(|left| left.as_ref().ok()).cloned().collect();
        for id in &gone {
            self.pending.remove(id);
        }
        self.remove(&gone, now, settings);
        if let Phase::PreparingRebalance { initial: None, .. } = self.phase {
            self.complete_if_all_joined(now);
        }
        left
    }

    fn find_leaving(&self, leaving: &LeavingMember) -> Result<MemberId, GroupError> {
        match (&leaving.instance, &leaving.member) {
            (Some(instance), None) => self.with_instance(instance).cloned().ok_or(GroupError::UnknownMember),
            (Some(instance), Some(member)) => {
                self.check_member(member, Some(instance)).map(|()| member.clone())
            }
            (None, Some(member)) if self.pending.contains_key(member) => Ok(member.clone()),
            (None, Some(member)) => self.check_member(member, None).map(|()| member.clone()),
            (None, None) => Err(GroupError::UnknownMember),
        }
    }
}
