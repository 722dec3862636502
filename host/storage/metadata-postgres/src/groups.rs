mod change;
mod offsets;
pub(crate) mod progress;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use async_trait::async_trait;
use forebay_model::{GroupId, MemberId, Timestamp, TopicIdPartition, VirtualClusterId};
use forebay_storage_metadata::{
    Beat, Beats, ChangeGroupError, CommittedOffset, GroupBeats, GroupChange, GroupChanged, GroupVersion,
    Groups, LoadedGroups, OffsetsWanted, ProgressKey, ProgressPage, StoreFailure, StoredGroup,
};
use tokio_postgres::Row;

use crate::PostgresMetadataStore;
use crate::pool::Pool;
use crate::rows::{Vc, limit as rows_of, place};
use crate::tries::tried;
use crate::trouble::Trouble;
use crate::watch::{Seen, Watched};

/// In which state groups are.
#[derive(Debug)]
pub(crate) enum GroupVersions {}

const LOAD: &str = "\
    SELECT k.place, g.version, g.state, \
        ARRAY(SELECT member FROM group_members m WHERE m.vc = $1 AND m.group_id = k.group_id ORDER BY member), \
        ARRAY(SELECT beat_at FROM group_members m WHERE m.vc = $1 AND m.group_id = k.group_id ORDER BY member) \
    FROM unnest($2::TEXT[]) WITH ORDINALITY AS k(group_id, place) \
    CROSS JOIN LATERAL (SELECT version, state FROM consumer_groups \
        WHERE vc = $1 AND group_id = k.group_id LIMIT 1) AS g";

const LIST: &str =
    "SELECT group_id FROM consumer_groups WHERE vc = $1 AND group_id > $2 ORDER BY group_id LIMIT $3";

/// Members were heard of: `$2` and `$3`, in the order of their keys, in which they are locked; `$5` are their groups, each
/// once. For each of those a row with the time, its version, and when that of its members was heard of that was not
/// heard of for the longest time: what is written here is no news to the rest of the statement.
const BEAT: &str = "\
    WITH clock AS ( \
        SELECT coalesce($4::BIGINT, floor(extract(epoch FROM clock_timestamp()) * 1000)::BIGINT) AS now \
    ), heard AS ( \
        UPDATE group_members m SET beat_at = c.now \
        FROM clock c CROSS JOIN (SELECT b.group_id, b.member FROM unnest($2::TEXT[], $3::TEXT[]) AS b(group_id, member) \
            CROSS JOIN LATERAL (SELECT 1 FROM group_members \
                WHERE vc = $1 AND group_id = b.group_id AND member = b.member LIMIT 1 FOR UPDATE) AS l) AS k \
        WHERE m.vc = $1 AND m.group_id = k.group_id AND m.member = k.member RETURNING m.group_id, m.member \
    ), oldest AS ( \
        SELECT k.place, min(CASE WHEN h.member IS NULL THEN m.beat_at ELSE c.now END) AS beat_at \
        FROM clock c CROSS JOIN unnest($5::TEXT[]) WITH ORDINALITY AS k(group_id, place) \
        CROSS JOIN LATERAL (SELECT member, beat_at FROM group_members \
            WHERE vc = $1 AND group_id = k.group_id OFFSET 0) AS m \
        LEFT JOIN heard h ON h.group_id = k.group_id AND h.member = m.member GROUP BY k.place \
    ) \
    SELECT k.place, (SELECT version FROM consumer_groups g WHERE g.vc = $1 AND g.group_id = k.group_id), o.beat_at, c.now \
    FROM clock c CROSS JOIN unnest($5::TEXT[]) WITH ORDINALITY AS k(group_id, place) \
    LEFT JOIN oldest o ON o.place = k.place";

/// Groups that are in another state than `$3`, where 0 is none.
const CHANGED: &str = "\
    SELECT k.place, g.version \
    FROM unnest($1::BIGINT[], $2::TEXT[], $3::BIGINT[]) WITH ORDINALITY AS k(vc, group_id, seen, place) \
    LEFT JOIN LATERAL (SELECT version FROM consumer_groups WHERE vc = k.vc AND group_id = k.group_id LIMIT 1) \
        AS g ON TRUE WHERE coalesce(g.version, 0) <> k.seen";

/// For [`hot_statements`](crate::hot_statements).
pub(crate) fn hot_statements() -> [(&'static str, &'static str); 8] {
    let [lock, update, join] = change::HOT;
    let [all, some, commit] = offsets::HOT;
    [
        ("load groups", LOAD),
        ("members were heard of", BEAT),
        ("lock a group", lock),
        ("change a group", update),
        ("members join", join),
        ("load all offsets of groups", all),
        ("load offsets of groups", some),
        ("commit offsets of a group", commit),
    ]
}

#[async_trait]
impl Watched for GroupVersions {
    type Key = (Vc, GroupId);
    type Sight = GroupVersion;

    /// Nobody waits for more than the start of a rebalance.
    const PAUSE: Duration = Duration::from_millis(40);

    async fn ask(
        pool: &Pool,
        question: &[Seen<Self>],
    ) -> Result<Vec<(usize, Option<GroupVersion>)>, Trouble> {
        let vcs: Vec<i64> = question.iter().map(|((vc, _), _)| vc.0).collect();
        let groups: Vec<&str> = question.iter().map(|((_, group), _)| group.as_str()).collect();
        // No group is in state -1, so that what has not been seen is told.
        let seen = question.iter().map(|(_, seen)| match seen {
            None => -1,
            Some(version) => version.map_or(0, GroupVersion::get),
        });
        let rows = pool.query(CHANGED, &[&vcs, &groups, &seen.collect::<Vec<i64>>()]).await?;
        let read = |row: &Row| Ok((place(row.try_get(0)?)?, version(row, 1)?));
        rows.iter().map(read).collect()
    }
}

#[async_trait]
impl Groups for PostgresMetadataStore {
    async fn load_groups(
        &self,
        cluster: &VirtualClusterId,
        groups: Vec<GroupId>,
    ) -> Result<LoadedGroups, StoreFailure> {
        let now = tried!(&self.pool, self.time_now());
        let Some(vc) = tried!(&self.pool, self.vc(cluster)) else {
            return Ok(LoadedGroups { now, groups: vec![None; groups.len()] });
        };
        let groups = tried!(&self.pool, load(&self.pool, vc, &groups));
        Ok(LoadedGroups { now, groups })
    }

    async fn list_groups(
        &self,
        cluster: &VirtualClusterId,
        after: Option<GroupId>,
        limit: usize,
    ) -> Result<Vec<(GroupId, StoredGroup)>, StoreFailure> {
        let Some(vc) = tried!(&self.pool, self.vc(cluster)) else { return Ok(Vec::new()) };
        // No group has an empty id.
        let after = after.as_ref().map_or("", GroupId::as_str);
        let rows = tried!(&self.pool, self.pool.query(LIST, &[&vc.0, &after, &rows_of(limit)]));
        let ids = rows.iter().map(|row| group_id(row.try_get(0)?)).collect::<Result<Vec<_>, Trouble>>()?;
        let groups = tried!(&self.pool, load(&self.pool, vc, &ids));
        // One may have been deleted in between.
        Ok(ids.into_iter().zip(groups).filter_map(|(id, group)| Some((id, group?))).collect())
    }

    async fn change_group(
        &self,
        cluster: &VirtualClusterId,
        group: &GroupId,
        seen: Option<GroupVersion>,
        change: GroupChange,
    ) -> Result<GroupChanged, ChangeGroupError> {
        let Some(vc) = tried!(&self.pool, self.vc(cluster)) else {
            return Err(ChangeGroupError::NoVirtualCluster { cluster: cluster.clone() });
        };
        tried!(&self.pool, change::change(self, vc, group, seen, &change))
    }

    async fn beat(&self, cluster: &VirtualClusterId, beats: Vec<Beat>) -> Result<Beats, StoreFailure> {
        let nobody = async || {
            let now = tried!(&self.pool, self.time_now());
            Ok(Beats { now, groups: Vec::new() })
        };
        let Some(vc) = tried!(&self.pool, self.vc(cluster)) else { return nobody().await };
        let sorted: BTreeSet<Beat> = beats.into_iter().collect();
        let groups: BTreeSet<GroupId> = sorted.iter().map(|beat| beat.group.clone()).collect();
        let (ids, members): (Vec<&str>, Vec<&str>) =
            sorted.iter().map(|beat| (beat.group.as_str(), beat.member.as_str())).unzip();
        let groups: Vec<GroupId> = groups.into_iter().collect();
        let of: Vec<&str> = groups.iter().map(GroupId::as_str).collect();
        let time = self.given_time();
        let rows = tried!(&self.pool, self.pool.query(BEAT, &[&vc.0, &ids, &members, &time, &of]));
        let Some(first) = rows.first() else { return nobody().await };
        let now = Timestamp::from_millis(first.try_get(3).map_err(Trouble::from)?);
        Ok(Beats { now, groups: heard(&rows, &groups)? })
    }

    async fn load_offsets(
        &self,
        cluster: &VirtualClusterId,
        wanted: Vec<OffsetsWanted>,
    ) -> Result<Vec<Vec<(TopicIdPartition, CommittedOffset)>>, StoreFailure> {
        let Some(vc) = tried!(&self.pool, self.vc(cluster)) else {
            return Ok(vec![Vec::new(); wanted.len()]);
        };
        Ok(tried!(&self.pool, offsets::load(&self.pool, vc, &wanted)))
    }

    async fn group_progress(
        &self,
        cluster: &VirtualClusterId,
        after: Option<ProgressKey>,
        limit: usize,
    ) -> Result<ProgressPage, StoreFailure> {
        let now = tried!(&self.pool, self.time_now());
        let Some(vc) = tried!(&self.pool, self.vc(cluster)) else {
            return Ok(ProgressPage { now, progress: Vec::new(), next: None });
        };
        let (progress, next) =
            tried!(&self.pool, progress::page(&self.pool, (vc, now), after.as_ref(), limit));
        Ok(ProgressPage { now, progress, next })
    }

    async fn watch_groups(
        &self,
        cluster: &VirtualClusterId,
        known: Vec<(GroupId, Option<GroupVersion>)>,
        timeout: Duration,
    ) -> Result<Vec<GroupId>, StoreFailure> {
        let Some(vc) = tried!(&self.pool, self.vc(cluster)) else {
            return Ok(known.into_iter().filter(|(_, known)| known.is_some()).map(|(id, _)| id).collect());
        };
        let keys = known.iter().map(|(group, _)| (vc, group.clone())).collect();
        let has_changed = |place: usize, version: &Option<GroupVersion>| {
            known.get(place).is_some_and(|(_, known)| known != version)
        };
        let changed = self.groups.until(keys, timeout, has_changed).await?;
        Ok(changed.into_iter().filter_map(|(place, _)| Some(known.get(place)?.0.clone())).collect())
    }
}

async fn load(pool: &Pool, vc: Vc, groups: &[GroupId]) -> Result<Vec<Option<StoredGroup>>, Trouble> {
    let ids: Vec<&str> = groups.iter().map(GroupId::as_str).collect();
    let mut loaded = vec![None; groups.len()];
    for row in pool.query(LOAD, &[&vc.0, &ids]).await? {
        let (members, beats): (Vec<String>, Vec<i64>) = (row.try_get(3)?, row.try_get(4)?);
        let mut seen = BTreeMap::new();
        for (member, beat_at) in members.iter().zip(beats) {
            seen.insert(member_id(member)?, Timestamp::from_millis(beat_at));
        }
        let group =
            StoredGroup { version: GroupVersion::new(row.try_get(1)?), state: row.try_get(2)?, beats: seen };
        if let Some(loaded) = loaded.get_mut(place(row.try_get(0)?)?) {
            *loaded = Some(group);
        }
    }
    Ok(loaded)
}

fn heard(rows: &[Row], groups: &[GroupId]) -> Result<Vec<GroupBeats>, Trouble> {
    let mut told = Vec::with_capacity(rows.len());
    for row in rows {
        let Some(group) = groups.get(place(row.try_get(0)?)?) else { continue };
        let oldest: Option<i64> = row.try_get(2)?;
        let (version, oldest) = (version(row, 1)?, oldest.map(Timestamp::from_millis));
        told.push(GroupBeats { group: group.clone(), version, oldest });
    }
    Ok(told)
}

fn version(row: &Row, at: usize) -> Result<Option<GroupVersion>, Trouble> {
    Ok(row.try_get::<_, Option<i64>>(at)?.map(GroupVersion::new))
}

fn group_id(text: &str) -> Result<GroupId, Trouble> {
    text.parse().map_err(|error| Trouble::Corrupt(format!("consumer_groups.group_id: {error}")))
}

fn member_id(text: &str) -> Result<MemberId, Trouble> {
    text.parse().map_err(|error| Trouble::Corrupt(format!("group_members.member: {error}")))
}
