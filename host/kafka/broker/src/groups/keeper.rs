use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use forebay_kafka_groups::offsets::{Committed, is_expired};
use forebay_kafka_groups::{Group, GroupSettings};
use forebay_model::{GroupId, Timestamp, TopicId, TopicIdPartition, VirtualClusterId};
use forebay_storage_metadata::{
    ChangeGroupError, CommittedOffset, GroupChange, MetadataStore, OffsetsWanted, StateChange, StoreFailure,
    StoredGroup, TopicSelection,
};

use super::{Coordinator, GroupFailure, at};
use crate::topics::Topics;

/// How many groups are read at a time.
const PAGE: usize = 200;

/// Looks after consumer groups whose members may all be gone: nobody else finds out that they are silent, and nobody
/// forgets what they have committed.
#[derive(Debug)]
pub struct GroupKeeper {
    metadata: Arc<dyn MetadataStore>,
    settings: GroupSettings,
}

/// A group, as it was found by who looked after it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupKept {
    pub group: GroupId,
    /// As Kafka calls it.
    pub state: &'static str,
    pub generation: i32,
    pub members: usize,
}

/// What is forgotten.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Forget {
    Nothing,
    /// Offsets of groups that are without members for that long, and groups that have neither members nor offsets.
    After(Duration),
}

impl GroupKeeper {
    #[must_use]
    pub fn new(metadata: Arc<dyn MetadataStore>, settings: GroupSettings) -> Self {
        Self { metadata, settings }
    }

    /// Looks after all groups of a virtual cluster, and tells of those that are left.
    ///
    /// # Errors
    /// When the store can't be asked.
    pub async fn look_after(
        &self,
        cluster: &VirtualClusterId,
        forget: Forget,
    ) -> Result<Vec<GroupKept>, StoreFailure> {
        let metadata = Arc::clone(&self.metadata);
        let configs = Arc::new(Topics::new(cluster.clone(), Arc::clone(&metadata)));
        let coordinator = Coordinator::new(configs, metadata, self.settings.clone());
        let topics = match forget {
            Forget::Nothing => None,
            Forget::After(_) => Some(Listed::read(self.metadata.as_ref(), cluster).await?),
        };
        let mut kept = Vec::new();
        let mut after = None;
        loop {
            let now = self.metadata.now().await?;
            let page = self.metadata.list_groups(cluster, after, PAGE).await?;
            after = page.last().map(|(id, _)| id.clone());
            let is_last = page.len() < PAGE;
            for (id, stored) in page {
                let group = match advance(&coordinator, &id, now, &stored).await {
                    Ok(group) => group,
                    Err(GroupFailure::Store(failure)) => return Err(failure),
                    // Others change it at this very moment, or a newer program did: it is left to them.
                    Err(error) => {
                        tracing::warn!(group = %id, error = &error as &dyn std::error::Error, "a consumer group is left alone");
                        continue;
                    }
                };
                let is_gone = if let (Forget::After(retention), Some(topics)) = (forget, &topics) {
                    self.forget(cluster, &id, retention, topics).await?
                } else {
                    false
                };
                if !is_gone {
                    let (state, generation) = (group.state_name(), group.generation());
                    kept.push(GroupKept { group: id, state, generation, members: group.member_ids().len() });
                }
            }
            if is_last {
                return Ok(kept);
            }
        }
    }

    /// Forgets what a group has committed too long ago, and then the group. Whether it is gone.
    async fn forget(
        &self,
        cluster: &VirtualClusterId,
        id: &GroupId,
        retention: Duration,
        topics: &Listed,
    ) -> Result<bool, StoreFailure> {
        // The version is of before the offsets: who commits to a group without members makes a new one.
        let mut loaded = self.metadata.load_groups(cluster, vec![id.clone()]).await?;
        let Some(stored) = loaded.groups.pop().flatten() else { return Ok(true) };
        let Ok(group) = Group::decode(&stored.state) else { return Ok(false) };
        let wanted = vec![OffsetsWanted { group: id.clone(), logs: None }];
        let committed = self.metadata.load_offsets(cluster, wanted).await?.pop().unwrap_or_default();
        let all = committed.len();
        let forgotten: Vec<TopicIdPartition> = committed
            .into_iter()
            .filter(|(log, offset)| {
                topics.lack(log.topic, offset.committed_at) || is_old(&group, offset, retention, loaded.now)
            })
            .map(|(log, _)| log)
            .collect();
        let is_gone = group.is_empty() && forgotten.len() == all;
        if forgotten.is_empty() && !is_gone {
            return Ok(false);
        }
        let state = if is_gone { StateChange::Delete } else { StateChange::Keep };
        let change = GroupChange { state, forgotten, ..GroupChange::default() };
        match self.metadata.change_group(cluster, id, Some(stored.version), change).await {
            Ok(_) => Ok(is_gone),
            Err(ChangeGroupError::Changed { .. } | ChangeGroupError::NoVirtualCluster { .. }) => Ok(false),
            Err(ChangeGroupError::Store(failure)) => Err(failure),
        }
    }
}

/// All topics that there were at a time.
struct Listed {
    topics: BTreeSet<TopicId>,
    /// A time before they were read, by the store's clock.
    at: Timestamp,
}

impl Listed {
    async fn read(metadata: &dyn MetadataStore, cluster: &VirtualClusterId) -> Result<Self, StoreFailure> {
        let at = metadata.now().await?;
        let all = metadata.describe_topics(cluster, &TopicSelection::All).await?;
        Ok(Self { topics: all.into_iter().map(|topic| topic.id).collect(), at })
    }

    /// Whether a topic is gone for which somebody committed at that time. What was committed since may be of a topic
    /// that was made since.
    fn lack(&self, topic: TopicId, committed_at: Timestamp) -> bool {
        committed_at < self.at && !self.topics.contains(&topic)
    }
}

/// Whether an offset is forgotten. A group with members keeps all: which of them a member commits at this moment is not
/// known.
fn is_old(group: &Group, offset: &CommittedOffset, retention: Duration, now: Timestamp) -> bool {
    let (at, expires_at) = (offset.committed_at, offset.committed.expires_at);
    is_expired(group, Committed { at, expires_at, is_subscribed: true }, retention, now)
}

/// The group at `now`, which is written down if time has changed it.
async fn advance(
    coordinator: &Coordinator,
    id: &GroupId,
    now: Timestamp,
    stored: &StoredGroup,
) -> Result<Group, GroupFailure> {
    let group = at(now, stored, &coordinator.settings().await?)?;
    if group == Group::decode(&stored.state)? {
        return Ok(group);
    }
    let ((), standing) = coordinator.change_alone(id, |_, _| ()).await?;
    Ok((*standing.group).clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offsets_of_topics_that_are_newer_than_the_list_are_kept() {
        let [known, other] = [1, 2].map(|id| TopicId::from_uuid(uuid::Uuid::from_u128(id)));
        let at = Timestamp::from_millis;
        let listed = Listed { topics: BTreeSet::from([known]), at: at(10) };
        assert!(listed.lack(other, at(9)));
        assert!(!listed.lack(other, at(10)) && !listed.lack(other, at(11)));
        assert!(!listed.lack(known, at(9)));
    }
}
