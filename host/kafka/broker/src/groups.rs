//! The coordinator of consumer groups, on every agent. It keeps nothing but a cache: what becomes of a group is decided
//! by `forebay-kafka-groups` from what the metadata store has, and holds if the store says that nobody was quicker.
//! So members of one group may come to different agents.

mod failure;
mod heartbeats;
mod keeper;
mod known;
mod together;
mod topics;
mod turns;

use std::sync::Arc;
use std::time::Duration;

use forebay_kafka_groups::{Group, GroupError, GroupSettings, TopicCounts};
use forebay_lifecycle::Shutdown;
use forebay_model::{GroupId, MemberId, Timestamp, TopicIdPartition, VirtualClusterId};
use forebay_storage_metadata::{
    Beat, ChangeGroupError, GroupChange, GroupVersion, MetadataStore, OffsetToCommit, StateChange,
    StoredGroup,
};

pub(crate) use failure::GroupFailure;
use heartbeats::Heartbeats;
pub use keeper::{Forget, GroupKeeper, GroupKept};
use known::Known;
use together::Together;
use topics::AllTopics;
use turns::Turns;

use crate::topics::Topics;

/// How often a change is tried that other agents are quicker with.
const TRIES: usize = 50;
/// How large the state of a group may become, with all that its members say of themselves.
const MOST_BYTES: usize = 16 << 20;
/// Who waits looks again after that long at most, and gives a sign of life.
const LOOK: Duration = Duration::from_secs(2);
/// And not sooner than this: many members join at the same time, and each change would wake all.
const PAUSE: Duration = Duration::from_millis(20);

/// What answers for consumer groups.
#[derive(Debug)]
pub(crate) struct Coordinator {
    cluster: VirtualClusterId,
    metadata: Arc<dyn MetadataStore>,
    settings: GroupSettings,
    configs: Arc<Topics>,
    heartbeats: Arc<Heartbeats>,
    known: Known,
    turns: Turns,
    together: Together,
    topics: AllTopics,
    retired: Shutdown,
}

/// A group as it was a moment ago.
#[derive(Debug, Clone)]
pub(crate) struct Standing {
    /// None where it does not exist.
    pub version: Option<GroupVersion>,
    pub group: Arc<Group>,
    /// When, by the store's clock.
    pub now: Timestamp,
    deadline: Option<Timestamp>,
    /// How large it is in the store.
    bytes: usize,
}

impl Coordinator {
    /// `settings` is what the agent was told at its start; `configs` knows the virtual cluster and what is set for it.
    pub(crate) fn new(
        configs: Arc<Topics>,
        metadata: Arc<dyn MetadataStore>,
        settings: GroupSettings,
    ) -> Self {
        let cluster = configs.cluster().clone();
        let heartbeats = Arc::new(Heartbeats::new(cluster.clone(), Arc::clone(&metadata)));
        let topics = AllTopics::new(cluster.clone(), Arc::clone(&metadata));
        let (known, turns, retired) = (Known::default(), Turns::default(), Shutdown::new());
        let together = Together::default();
        Self { cluster, metadata, settings, configs, heartbeats, known, turns, together, topics, retired }
    }

    /// What holds for groups by what was set for the virtual cluster a moment ago.
    pub(crate) async fn settings(&self) -> Result<GroupSettings, GroupFailure> {
        Ok(self.configs.cluster_config().await?.groups(&self.settings))
    }

    /// From now on nothing waits here any more: members are sent elsewhere.
    pub(crate) fn retire(&self) {
        self.retired.cancel();
    }

    /// Cancelled when nothing waits here any more.
    pub(crate) fn retired(&self) -> &Shutdown {
        &self.retired
    }

    /// The same as [`Self::change`], by itself.
    async fn change_alone<T>(
        &self,
        id: &GroupId,
        decide: impl FnMut(&mut Group, Timestamp) -> T,
    ) -> Result<(T, Standing), GroupFailure> {
        let turn = self.turns.of(id);
        let _turn = turn.lock().await;
        self.change_in_turn(id, decide).await
    }

    /// The same for whoever has the turn.
    async fn change_in_turn<T>(
        &self,
        id: &GroupId,
        mut decide: impl FnMut(&mut Group, Timestamp) -> T,
    ) -> Result<(T, Standing), GroupFailure> {
        let settings = self.settings().await?;
        for _ in 0..TRIES {
            let (now, stored) = self.load(id).await?;
            let (seen, before, beats, size) = match stored {
                Some(StoredGroup { version, state, beats }) => {
                    (Some(version), Group::decode(&state)?, beats, state.len())
                }
                None => (None, Group::empty(now), Default::default(), 0),
            };
            let mut group = before.clone();
            group.advance(now, &beats, &settings);
            let decided = decide(&mut group, now);
            let (version, bytes) = if group == before {
                (seen, size)
            } else {
                match self.save(id, seen, &before, &group).await {
                    Ok(saved) => saved,
                    Err(GroupFailure::Change(ChangeGroupError::Changed { .. })) => continue,
                    Err(error) => return Err(error),
                }
            };
            let deadline = group.next_deadline(&beats, &settings);
            let standing = Standing { version, group: Arc::new(group), now, deadline, bytes };
            self.known.put(id, &standing);
            return Ok((decided, standing));
        }
        Err(GroupFailure::Contended)
    }

    /// Waits until `look` sees something in the group, for as long as that takes: perhaps not at all, where others have
    /// changed it together with whoever asks. `member` is kept alive meanwhile.
    pub(crate) async fn wait<T>(
        &self,
        id: &GroupId,
        mut standing: Standing,
        member: &MemberId,
        mut look: impl FnMut(&Group) -> Option<T>,
    ) -> Result<T, GroupFailure> {
        loop {
            if let Some(seen) = look(&standing.group) {
                return Ok(seen);
            }
            let known = vec![(id.clone(), standing.version)];
            let until =
                standing.deadline.map_or(LOOK, |deadline| since(standing.now, deadline)).clamp(PAUSE, LOOK);
            let watch = async {
                tokio::time::sleep(PAUSE).await;
                self.metadata.watch_groups(&self.cluster, known, until).await
            };
            let changed = self.retired.run_until_cancelled(watch).await.ok_or(GroupFailure::Retired)??;
            standing = if changed.is_empty() {
                // Perhaps a time is over for which everybody waits.
                self.beat(id, member, &self.settings().await?).await?
            } else {
                self.recent(id, |known| known.version > standing.version).await?
            };
        }
    }

    /// All topics with their partitions, as of a moment ago.
    pub(crate) async fn topics(&self) -> Result<Arc<TopicCounts>, GroupFailure> {
        Ok(self.topics.get(topics::STAYING).await?)
    }

    /// The same, as of now: for who joins, and has perhaps just made its topic, and for what is written.
    pub(crate) async fn topics_now(&self) -> Result<Arc<TopicCounts>, GroupFailure> {
        Ok(self.topics.get(topics::NOW).await?)
    }

    /// Takes a sign of life, and tells how the group stands then, by what holds for groups.
    pub(crate) async fn beat(
        &self,
        id: &GroupId,
        member: &MemberId,
        settings: &GroupSettings,
    ) -> Result<Standing, GroupFailure> {
        let beat = Beat { group: id.clone(), member: member.clone() };
        let heard = self.heartbeats.beat(beat).await?;
        if let Some(known) = self.known.get(id)
            && known.version.is_some()
            && known.version == heard.version
            && !is_due(&known, heard.oldest, heard.now, settings)
        {
            return Ok(Standing { now: heard.now, ..known });
        }
        let heard_of = heard.version.is_some();
        self.recent(id, |known| heard_of && (known.version, known.now) >= (heard.version, heard.now)).await
    }

    /// A group as it is remembered, if that `is_recent`, or else as it is. All who wait for a group want to know at the
    /// same moment, and one look serves them.
    async fn recent(
        &self,
        id: &GroupId,
        is_recent: impl Fn(&Standing) -> bool,
    ) -> Result<Standing, GroupFailure> {
        let remembered = || self.known.get(id).filter(|known| is_recent(known));
        if let Some(known) = remembered() {
            return Ok(known);
        }
        let turn = self.turns.of(id);
        let _turn = turn.lock().await;
        match remembered() {
            Some(known) => Ok(known),
            None => Ok(self.change_in_turn(id, |_, _| ()).await?.1),
        }
    }

    /// Commits offsets for whoever `check` lets.
    pub(crate) async fn commit(
        &self,
        id: &GroupId,
        member: Option<&MemberId>,
        check: impl Fn(&Group) -> Result<(), GroupError>,
        offsets: &[(TopicIdPartition, OffsetToCommit)],
    ) -> Result<(), GroupFailure> {
        let change = |group: &Group, state| GroupChange {
            state,
            // A sign of life of somebody who is no member would never be taken away again.
            joined: member.filter(|id| group.has_member(id)).into_iter().cloned().collect(),
            offsets: offsets.to_vec(),
            ..GroupChange::default()
        };
        // Mostly nothing has changed since the last heartbeat; the store says if it has.
        if let Some(Standing { version: Some(version), group, .. }) = self.known.get(id)
            && group.empty_since().is_none()
            && check(&group).is_ok()
        {
            let keep = change(&group, StateChange::Keep);
            match self.metadata.change_group(&self.cluster, id, Some(version), keep).await {
                Ok(_) => return Ok(()),
                Err(ChangeGroupError::Changed { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        for _ in 0..TRIES {
            let (checked, standing) = self.change_alone(id, |group, _| check(group)).await?;
            checked?;
            // What is committed to a group without members makes it another one: who forgets its offsets must see that.
            let state = match standing.version {
                Some(_) if standing.group.empty_since().is_none() => StateChange::Keep,
                _ => StateChange::Write(standing.group.encode()?),
            };
            let change = change(&standing.group, state);
            match self.metadata.change_group(&self.cluster, id, standing.version, change).await {
                Ok(_) => return Ok(()),
                Err(ChangeGroupError::Changed { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(GroupFailure::Contended)
    }

    /// Takes a group away, with what it has committed, or only some of that, if `check` lets.
    pub(crate) async fn remove(
        &self,
        id: &GroupId,
        check: impl Fn(&Group) -> Result<(), GroupError>,
        removal: Removal,
    ) -> Result<(), GroupFailure> {
        for _ in 0..TRIES {
            let (checked, standing) = self.change_alone(id, |group, _| check(group)).await?;
            if standing.version.is_none() {
                return Err(GroupError::NotFound("there is no such group").into());
            }
            checked?;
            let change = match &removal {
                Removal::Group => GroupChange { state: StateChange::Delete, ..GroupChange::default() },
                Removal::Offsets(forgotten) => {
                    GroupChange { forgotten: forgotten.clone(), ..GroupChange::default() }
                }
            };
            match self.metadata.change_group(&self.cluster, id, standing.version, change).await {
                Ok(_) => return Ok(()),
                Err(ChangeGroupError::Changed { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(GroupFailure::Contended)
    }

    /// A group to look at, as it is now; none where it does not exist.
    pub(crate) async fn look(&self, id: &GroupId) -> Result<Option<Group>, GroupFailure> {
        let (now, stored) = self.load(id).await?;
        let settings = self.settings().await?;
        stored.map(|stored| at(now, &stored, &settings)).transpose()
    }

    async fn load(&self, id: &GroupId) -> Result<(Timestamp, Option<StoredGroup>), GroupFailure> {
        let mut loaded = self.metadata.load_groups(&self.cluster, vec![id.clone()]).await?;
        Ok((loaded.now, loaded.groups.pop().flatten()))
    }

    /// The version that it is in then, and how large it is.
    async fn save(
        &self,
        id: &GroupId,
        seen: Option<GroupVersion>,
        before: &Group,
        after: &Group,
    ) -> Result<(Option<GroupVersion>, usize), GroupFailure> {
        let (had, has) = (before.member_ids(), after.member_ids());
        let state = after.encode()?;
        let bytes = state.len();
        if bytes > MOST_BYTES && bytes > before.encode()?.len() {
            return Err(GroupError::Full.into());
        }
        let change = GroupChange {
            state: StateChange::Write(state),
            joined: has.difference(&had).cloned().collect(),
            left: had.difference(&has).cloned().collect(),
            ..GroupChange::default()
        };
        Ok((self.metadata.change_group(&self.cluster, id, seen, change).await?.version, bytes))
    }
}

/// What is taken away.
#[derive(Debug)]
pub(crate) enum Removal {
    Group,
    Offsets(Vec<TopicIdPartition>),
}

/// A group that the store has, as it is at `now`.
pub(crate) fn at(
    now: Timestamp,
    stored: &StoredGroup,
    settings: &GroupSettings,
) -> Result<Group, GroupFailure> {
    let mut group = Group::decode(&stored.state)?;
    group.advance(now, &stored.beats, settings);
    Ok(group)
}

/// Whether time alone may have changed a group since it was looked at.
fn is_due(known: &Standing, oldest: Option<Timestamp>, now: Timestamp, settings: &GroupSettings) -> bool {
    let session = known.group.shortest_session(settings);
    let silent = oldest.zip(session).is_some_and(|(at, session)| at.after(session) <= now);
    // Signs of life since then have only made it later.
    silent || known.deadline.is_some_and(|at| at <= now)
}

/// How long it is from one time to a later one.
fn since(from: Timestamp, to: Timestamp) -> Duration {
    Duration::from_millis(u64::try_from(to.millis().saturating_sub(from.millis())).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use forebay_storage_metadata_sqlite::{Location, SqliteMetadataStore};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn what_is_there_already_is_not_waited_for() {
        let store = SqliteMetadataStore::open(&"sqlite://:memory:".parse::<Location>().unwrap()).unwrap();
        let cluster: VirtualClusterId = "vci_test".parse().unwrap();
        let store: Arc<dyn MetadataStore> = Arc::new(store);
        let configs = Arc::new(Topics::new(cluster, Arc::clone(&store)));
        let coordinator = Coordinator::new(configs, store, GroupSettings::default());
        let now = Timestamp::from_millis(0);
        let group = Arc::new(Group::empty(now));
        let standing = Standing { version: None, group, now, deadline: None, bytes: 0 };
        let (id, member) = ("group".parse().unwrap(), "member".parse().unwrap());
        let waits = coordinator.wait(&id, standing, &member, |group| group.is_empty().then_some(()));
        tokio::time::timeout(PAUSE / 2, waits).await.unwrap().unwrap();
    }
}
