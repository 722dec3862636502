mod change;
mod offsets;
mod progress;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use async_trait::async_trait;
use forebay_model::{GroupId, MemberId, Timestamp, TopicIdPartition, VirtualClusterId};
use forebay_storage_metadata::{
    Beat, Beats, ChangeGroupError, CommittedOffset, GroupBeats, GroupChange, GroupChanged, GroupVersion,
    Groups, LoadedGroups, OffsetsWanted, ProgressKey, ProgressPage, StoreFailure, StoredGroup,
};
use rusqlite::{Connection, OptionalExtension as _, params};

use crate::SqliteMetadataStore;
use crate::rows::{Vc, limit, vc_of};
use crate::trouble::Trouble;

#[async_trait]
impl Groups for SqliteMetadataStore {
    async fn load_groups(
        &self,
        cluster: &VirtualClusterId,
        groups: Vec<GroupId>,
    ) -> Result<LoadedGroups, StoreFailure> {
        let (cluster, now) = (cluster.clone(), self.time());
        self.read(move |connection| {
            let Some(vc) = vc_of(connection, &cluster)? else {
                return Ok(Ok(LoadedGroups { now, groups: vec![None; groups.len()] }));
            };
            let groups = groups.iter().map(|group| load(connection, vc, group));
            Ok(Ok(LoadedGroups { now, groups: groups.collect::<Result<_, _>>()? }))
        })
        .await
    }

    async fn list_groups(
        &self,
        cluster: &VirtualClusterId,
        after: Option<GroupId>,
        at_most: usize,
    ) -> Result<Vec<(GroupId, StoredGroup)>, StoreFailure> {
        let cluster = cluster.clone();
        self.read(move |connection| {
            let Some(vc) = vc_of(connection, &cluster)? else { return Ok(Ok(Vec::new())) };
            let mut find = connection.prepare_cached(
                "SELECT group_id FROM consumer_groups WHERE vc = ?1 AND group_id > ?2 ORDER BY group_id LIMIT ?3",
            )?;
            // No group has an empty id.
            let after = after.as_ref().map_or("", GroupId::as_str);
            let rows = find.query_map(params![vc.0, after, limit(at_most)], |row| row.get::<_, String>(0))?;
            let mut found = Vec::new();
            for id in rows {
                let id = group_id(&id?)?;
                if let Some(group) = load(connection, vc, &id)? {
                    found.push((id, group));
                }
            }
            Ok(Ok(found))
        })
        .await
    }

    async fn change_group(
        &self,
        cluster: &VirtualClusterId,
        group: &GroupId,
        seen: Option<GroupVersion>,
        change: GroupChange,
    ) -> Result<GroupChanged, ChangeGroupError> {
        let (cluster, group) = (cluster.clone(), group.clone());
        self.write(move |writing| {
            writing.leaves_logs();
            change::change(writing, cluster, &group, seen, change)
        })
        .await
    }

    async fn beat(&self, cluster: &VirtualClusterId, beats: Vec<Beat>) -> Result<Beats, StoreFailure> {
        let cluster = cluster.clone();
        self.write(move |writing| {
            writing.leaves_logs();
            let now = writing.now;
            let Some(vc) = vc_of(writing.connection, &cluster)? else {
                return Ok(Ok(Beats { now, groups: Vec::new() }));
            };
            let mut set = writing.connection.prepare_cached(
                "UPDATE group_members SET beat_at = ?4 WHERE vc = ?1 AND group_id = ?2 AND member = ?3",
            )?;
            for Beat { group, member } in &beats {
                set.execute(params![vc.0, group.as_str(), member.as_str(), now.millis()])?;
            }
            let groups: BTreeSet<GroupId> = beats.into_iter().map(|beat| beat.group).collect();
            let told = groups.into_iter().map(|group| heard(writing.connection, vc, group));
            Ok(Ok(Beats { now, groups: told.collect::<Result<_, _>>()? }))
        })
        .await
    }

    async fn load_offsets(
        &self,
        cluster: &VirtualClusterId,
        wanted: Vec<OffsetsWanted>,
    ) -> Result<Vec<Vec<(TopicIdPartition, CommittedOffset)>>, StoreFailure> {
        let cluster = cluster.clone();
        self.read(move |connection| {
            let Some(vc) = vc_of(connection, &cluster)? else {
                return Ok(Ok(vec![Vec::new(); wanted.len()]));
            };
            let found = wanted.iter().map(|wanted| offsets::load(connection, vc, wanted));
            Ok(Ok(found.collect::<Result<_, _>>()?))
        })
        .await
    }

    async fn group_progress(
        &self,
        cluster: &VirtualClusterId,
        after: Option<ProgressKey>,
        limit: usize,
    ) -> Result<ProgressPage, StoreFailure> {
        let (cluster, now) = (cluster.clone(), self.time());
        self.read(move |connection| {
            let Some(vc) = vc_of(connection, &cluster)? else {
                return Ok(Ok(ProgressPage { now, progress: Vec::new(), next: None }));
            };
            progress::page(connection, (vc, now), after.as_ref(), limit).map(Ok)
        })
        .await
    }

    async fn watch_groups(
        &self,
        cluster: &VirtualClusterId,
        known: Vec<(GroupId, Option<GroupVersion>)>,
        timeout: Duration,
    ) -> Result<Vec<GroupId>, StoreFailure> {
        let cluster = cluster.clone();
        let vc = self.read(move |connection| Ok(Ok::<_, StoreFailure>(vc_of(connection, &cluster)?)));
        let Some(vc) = vc.await? else {
            return Ok(known.into_iter().filter(|(_, known)| known.is_some()).map(|(id, _)| id).collect());
        };
        // Registered before looking: a change in between leaves a permit.
        let waiting = self.ends.groups.wait(known.iter().map(|(group, _)| (vc, group.clone())).collect());
        let changed = async {
            loop {
                let known = known.clone();
                let changed = self.read(move |connection| {
                    let mut changed = Vec::new();
                    for (group, known) in known {
                        if version(connection, vc, &group)? != known {
                            changed.push(group);
                        }
                    }
                    Ok(Ok::<_, StoreFailure>(changed))
                });
                let changed = changed.await?;
                if !changed.is_empty() {
                    return Ok(changed);
                }
                waiting.woken.notified().await;
            }
        };
        tokio::time::timeout(timeout, changed).await.unwrap_or_else(|_| Ok(Vec::new()))
    }
}

/// The version of a group, if it exists.
fn version(connection: &Connection, vc: Vc, group: &GroupId) -> Result<Option<GroupVersion>, Trouble> {
    let mut find =
        connection.prepare_cached("SELECT version FROM consumer_groups WHERE vc = ?1 AND group_id = ?2")?;
    let found = find.query_row(params![vc.0, group.as_str()], |row| row.get(0)).optional()?;
    Ok(found.map(GroupVersion::new))
}

fn load(connection: &Connection, vc: Vc, group: &GroupId) -> Result<Option<StoredGroup>, Trouble> {
    let mut find = connection
        .prepare_cached("SELECT version, state FROM consumer_groups WHERE vc = ?1 AND group_id = ?2")?;
    let found = find.query_row(params![vc.0, group.as_str()], |row| Ok((row.get(0)?, row.get(1)?)));
    let Some((number, state)) = found.optional()? else { return Ok(None) };
    let mut find = connection
        .prepare_cached("SELECT member, beat_at FROM group_members WHERE vc = ?1 AND group_id = ?2")?;
    let rows = find.query_map(params![vc.0, group.as_str()], |row| {
        Ok((row.get::<_, String>(0)?, row.get::<_, i64>(1)?))
    })?;
    let mut beats = BTreeMap::new();
    for row in rows {
        let (member, beat_at) = row?;
        beats.insert(member_id(&member)?, Timestamp::from_millis(beat_at));
    }
    Ok(Some(StoredGroup { version: GroupVersion::new(number), state, beats }))
}

fn heard(connection: &Connection, vc: Vc, group: GroupId) -> Result<GroupBeats, Trouble> {
    let version = version(connection, vc, &group)?;
    let mut find = connection
        .prepare_cached("SELECT min(beat_at) FROM group_members WHERE vc = ?1 AND group_id = ?2")?;
    let oldest: Option<i64> = find.query_row(params![vc.0, group.as_str()], |row| row.get(0))?;
    Ok(GroupBeats { group, version, oldest: oldest.map(Timestamp::from_millis) })
}

fn group_id(text: &str) -> Result<GroupId, Trouble> {
    text.parse().map_err(|error| Trouble::Corrupt(format!("consumer_groups.group_id: {error}")))
}

fn member_id(text: &str) -> Result<MemberId, Trouble> {
    text.parse().map_err(|error| Trouble::Corrupt(format!("group_members.member: {error}")))
}
