use std::time::Duration;

use forebay_model::{MemberId, Timestamp};

use super::{ConsumerGroup, ConsumerMember};
use crate::{Beats, GroupSettings};

impl ConsumerGroup {
    /// Brings the group to what it is at `now`: members that were silent, or did not give up what they had to, are gone.
    pub fn advance(&mut self, now: Timestamp, beats: &Beats, settings: &GroupSettings) {
        let session = settings.consumer_session_timeout;
        let gone: Vec<MemberId> = self
            .members
            .iter()
            .filter(|(id, member)| {
                silent_at(id, member, beats, session) <= now
                    || member.revoking_until.is_some_and(|until| until <= now)
            })
            .map(|(id, _)| id.clone())
            .collect();
        self.remove(&gone, now);
    }

    /// When [`Self::advance`] has something to do next, if nobody is heard of until then.
    #[must_use]
    pub fn next_deadline(&self, beats: &Beats, settings: &GroupSettings) -> Option<Timestamp> {
        let session = settings.consumer_session_timeout;
        let silent = self.members.iter().map(|(id, member)| silent_at(id, member, beats, session));
        silent.chain(self.revoked_at()).min()
    }

    /// When the first member must have given up what is not its own.
    #[must_use]
    pub fn revoked_at(&self) -> Option<Timestamp> {
        self.members.values().filter_map(|member| member.revoking_until).min()
    }
}

fn silent_at(id: &MemberId, member: &ConsumerMember, beats: &Beats, session: Duration) -> Timestamp {
    let heard = beats.get(id).copied().map_or(member.seen_at, |at| at.max(member.seen_at));
    heard.after(session)
}
