use std::time::Duration;

use forebay_model::{GroupId, LeaderEpoch, MemberId, TopicIdPartition};

use super::Site;
use super::scene::{Scene, log, offset, unexpected};
use crate::{
    Beat, ChangeGroupError, Clock as _, GroupChange, GroupVersion, OffsetToCommit, OffsetsWanted, StateChange,
};

/// Long enough for any machine: nothing waits that long.
const LONG: Duration = Duration::from_mins(2);

fn group(id: &str) -> GroupId {
    id.parse().expect("it is short")
}

fn member(id: &str) -> MemberId {
    id.parse().expect("it is short")
}

fn write(state: &str) -> GroupChange {
    GroupChange { state: StateChange::Write(state.as_bytes().to_vec()), ..GroupChange::default() }
}

fn to_commit(number: i64) -> OffsetToCommit {
    OffsetToCommit { offset: offset(number), leader_epoch: None, metadata: String::new(), expires_at: None }
}

impl Scene {
    async fn change(
        &self,
        id: &str,
        seen: Option<GroupVersion>,
        change: GroupChange,
    ) -> Result<Option<GroupVersion>, ChangeGroupError> {
        let changed = self.store.change_group(&self.cluster, &group(id), seen, change).await?;
        assert_eq!(changed.now, self.clock.now());
        Ok(changed.version)
    }

    async fn state(&self, id: &str) -> Option<String> {
        let loaded = self.store.load_groups(&self.cluster, vec![group(id)]).await.expect("there");
        let [found] = loaded.groups.as_slice() else { return None };
        found.as_ref().map(|found| String::from_utf8_lossy(&found.state).into_owned())
    }

    async fn offsets(&self, id: &str, logs: Option<Vec<TopicIdPartition>>) -> Vec<(TopicIdPartition, i64)> {
        let wanted = vec![OffsetsWanted { group: group(id), logs }];
        let found = self.store.load_offsets(&self.cluster, wanted).await.expect("there");
        let found = found.into_iter().flatten();
        let mut found: Vec<_> = found.map(|(log, found)| (log, found.committed.offset.get())).collect();
        found.sort_unstable();
        found
    }
}

/// Whoever comes second looks again.
pub async fn a_group_changes_only_if_it_is_what_was_seen(site: &dyn Site) {
    let mut scene = Scene::new(site).await;
    let changed = Err(ChangeGroupError::Changed { group: group("g") });
    assert_eq!(scene.change("g", None, GroupChange::default()).await, changed);
    let first = scene.change("g", None, write("1")).await.expect("it is new");
    assert_eq!(scene.change("g", None, write("x")).await, changed);
    let second = scene.change("g", first, write("2")).await.expect("it is as seen");
    assert!(second > first, "{second:?}");
    assert_eq!(scene.change("g", first, write("x")).await, changed);
    assert_eq!(scene.change("g", second, GroupChange::default()).await, Ok(second));
    assert_eq!(scene.state("g").await.as_deref(), Some("2"));
    if site.is_durable() {
        scene.reopen(site).await;
        assert_eq!(scene.state("g").await.as_deref(), Some("2"));
    }
    let delete = GroupChange { state: StateChange::Delete, ..GroupChange::default() };
    assert_eq!(scene.change("g", second, delete).await, Ok(None));
    assert_eq!(scene.state("g").await, None);
    // A version is never given twice, so that who saw the old group is told.
    let third = scene.change("g", None, write("3")).await.expect("it is gone");
    assert!(third > second, "{third:?}");
    let other = "vci_other".parse().expect("a cluster");
    let elsewhere = scene.store.change_group(&other, &group("g"), None, write("1")).await;
    assert_eq!(elsewhere, Err(ChangeGroupError::NoVirtualCluster { cluster: other }));
}

/// Of changes at once from the same state, one is done.
pub async fn one_of_many_changes_at_once_is_done(site: &dyn Site) {
    let scene = Scene::new(site).await;
    let seen = scene.change("g", None, write("")).await.expect("it is new");
    let all = tokio::join!(
        scene.change("g", seen, write("a")),
        scene.change("g", seen, write("b")),
        scene.change("g", seen, write("c")),
    );
    let done = [all.0, all.1, all.2].into_iter().filter(Result::is_ok).count();
    assert_eq!(done, 1);
}

/// By id, from one page to the next.
pub async fn groups_are_listed_by_id(site: &dyn Site) {
    let scene = Scene::new(site).await;
    for id in ["b", "a", "c d", "B"] {
        scene.change(id, None, write(id)).await.expect("it is new");
    }
    let mut listed = Vec::new();
    let mut after = None;
    loop {
        let page = scene.store.list_groups(&scene.cluster, after.clone(), 3).await.expect("there");
        assert!(page.len() <= 3);
        let Some((last, _)) = page.last() else { break };
        after = Some(last.clone());
        for (id, found) in &page {
            assert_eq!(id.as_str().as_bytes(), found.state);
        }
        listed.extend(page.into_iter().map(|(id, _)| id));
    }
    assert_eq!(listed, ["B", "a", "b", "c d"].map(group));
}

/// By the store's clock, and only of members.
pub async fn members_are_heard_of_by_the_clock_of_the_store(site: &dyn Site) {
    let scene = Scene::new(site).await;
    let started = scene.clock.now();
    let joined = GroupChange { joined: vec![member("m"), member("n")], ..write("1") };
    let version = scene.change("g", None, joined).await.expect("it is new");
    scene.clock.advance(Duration::from_secs(5));
    let beat = |id: &str, of: &str| Beat { group: group(id), member: member(of) };
    let beats = vec![beat("g", "m"), beat("g", "stranger"), beat("none", "m")];
    let beats = scene.store.beat(&scene.cluster, beats).await.expect("there");
    assert_eq!(beats.now, scene.clock.now());
    let mut told: Vec<_> =
        beats.groups.into_iter().map(|told| (told.group, told.version, told.oldest)).collect();
    told.sort();
    assert_eq!(told, [(group("g"), version, Some(started)), (group("none"), None, None)]);
    let loaded =
        scene.store.load_groups(&scene.cluster, vec![group("g"), group("none")]).await.expect("there");
    assert_eq!(loaded.now, scene.clock.now());
    let [Some(found), None] = loaded.groups.as_slice() else { unexpected(&loaded.groups) };
    assert_eq!(found.version, version.expect("it was written"));
    let seen: Vec<_> = found.beats.iter().map(|(member, at)| (member.as_str(), *at)).collect();
    assert_eq!(seen, [("m", scene.clock.now()), ("n", started)]);
    let left = GroupChange { joined: vec![member("o")], left: vec![member("n")], ..GroupChange::default() };
    scene.change("g", version, left).await.expect("it is as seen");
    let loaded = scene.store.load_groups(&scene.cluster, vec![group("g")]).await.expect("there");
    let members: Vec<_> =
        loaded.groups.into_iter().flatten().flat_map(|found| found.beats.into_keys()).collect();
    assert_eq!(members, ["m", "o"].map(member));
}

/// With what was said of them, until they are forgotten.
pub async fn groups_commit_offsets(site: &dyn Site) {
    let mut scene = Scene::new(site).await;
    let topic = scene.topic("a", 3).await;
    let [a, b, c] = [0, 1, 2].map(|partition| log(topic, partition));
    let commit = |offsets| GroupChange { offsets, ..GroupChange::default() };
    let nothing = scene.change("g", None, commit(vec![(a, to_commit(1))])).await;
    assert_eq!(nothing, Err(ChangeGroupError::Changed { group: group("g") }));
    let first = GroupChange { offsets: vec![(a, to_commit(1)), (b, to_commit(2))], ..write("1") };
    let version = scene.change("g", None, first).await.expect("it is new");
    scene.clock.advance(Duration::from_secs(1));
    let told = OffsetToCommit {
        offset: offset(7),
        leader_epoch: LeaderEpoch::new(3).ok(),
        metadata: "m\u{e9}".to_owned(),
        expires_at: Some(scene.clock.now().after(LONG)),
    };
    scene.change("g", version, commit(vec![(b, told.clone())])).await.expect("as seen");
    let old = Some(GroupVersion::new(version.expect("it was written").get() - 1));
    let fenced = scene.change("g", old, commit(vec![(a, to_commit(0))])).await;
    assert_eq!(fenced, Err(ChangeGroupError::Changed { group: group("g") }));
    assert_eq!(scene.offsets("g", None).await, [(a, 1), (b, 7)]);
    assert_eq!(scene.offsets("g", Some(vec![c, b])).await, [(b, 7)]);
    assert_eq!(scene.offsets("none", None).await, []);
    let wanted = vec![OffsetsWanted { group: group("g"), logs: Some(vec![b]) }];
    let found = scene.store.load_offsets(&scene.cluster, wanted).await.expect("there");
    assert_eq!((&found[0][0].1.committed, found[0][0].1.committed_at), (&told, scene.clock.now()));
    if site.is_durable() {
        scene.reopen(site).await;
        assert_eq!(scene.offsets("g", None).await, [(a, 1), (b, 7)]);
    }
    let forget = GroupChange { forgotten: vec![b, c], ..GroupChange::default() };
    scene.change("g", version, forget).await.expect("as seen");
    assert_eq!(scene.offsets("g", None).await, [(a, 1)]);
    let delete = GroupChange { state: StateChange::Delete, ..GroupChange::default() };
    scene.change("g", version, delete).await.expect("as seen");
    assert_eq!(scene.offsets("g", None).await, []);
}

/// At once when it was changed before; not by heartbeats and offsets.
pub async fn a_change_of_a_group_wakes_who_waits(site: &dyn Site) {
    let scene = Scene::new(site).await;
    let watch = async |known: Option<GroupVersion>, timeout| {
        let known = vec![(group("other"), None), (group("g"), known)];
        scene.store.watch_groups(&scene.cluster, known, timeout).await.expect("there")
    };
    let (told, made) = tokio::join!(watch(None, LONG), scene.change("g", None, write("1")));
    assert_eq!(told, [group("g")]);
    let made = made.expect("it is new");
    assert_eq!(watch(None, LONG).await, [group("g")]);
    assert_eq!(watch(made, Duration::from_millis(5)).await, []);
    let join = GroupChange { joined: vec![member("m")], ..GroupChange::default() };
    let (told, _) = tokio::join!(watch(made, Duration::from_millis(50)), scene.change("g", made, join));
    assert_eq!(told, []);
    let delete = GroupChange { state: StateChange::Delete, ..GroupChange::default() };
    let (told, _) = tokio::join!(watch(made, LONG), scene.change("g", made, delete));
    assert_eq!(told, [group("g")]);
}
