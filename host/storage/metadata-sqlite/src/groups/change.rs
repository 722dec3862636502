use forebay_model::{GroupId, VirtualClusterId};
use forebay_storage_metadata::{ChangeGroupError, GroupChange, GroupChanged, GroupVersion, StateChange};
use rusqlite::{Connection, params};

use super::{offsets, version};
use crate::ends::Effect;
use crate::rows::{Vc, vc_of};
use crate::trouble::Trouble;
use crate::writer::Writing;

/// Changes a group that still is what was seen.
pub(super) fn change(
    writing: &mut Writing<'_>,
    cluster: VirtualClusterId,
    group: &GroupId,
    seen: Option<GroupVersion>,
    change: GroupChange,
) -> Result<Result<GroupChanged, ChangeGroupError>, Trouble> {
    let (connection, now) = (writing.connection, writing.now);
    let Some(vc) = vc_of(connection, &cluster)? else {
        return Ok(Err(ChangeGroupError::NoVirtualCluster { cluster }));
    };
    let GroupChange { state, joined, left, offsets, forgotten } = change;
    let is_nothing_to_keep = seen.is_none() && state == StateChange::Keep;
    if version(connection, vc, group)? != seen || is_nothing_to_keep {
        return Ok(Err(ChangeGroupError::Changed { group: group.clone() }));
    }
    let version = match state {
        StateChange::Keep => seen,
        StateChange::Write(state) => {
            let version = next_version(connection, vc)?;
            connection
                .prepare_cached(
                    "INSERT INTO consumer_groups (vc, group_id, version, state) VALUES (?1, ?2, ?3, ?4) \
                     ON CONFLICT (vc, group_id) DO UPDATE SET version = excluded.version, state = excluded.state",
                )?
                .execute(params![vc.0, group.as_str(), version.get(), state])?;
            writing.then(Effect::Group(vc, group.clone()));
            Some(version)
        }
        StateChange::Delete => {
            delete(connection, vc, group)?;
            writing.then(Effect::Group(vc, group.clone()));
            return Ok(Ok(GroupChanged { version: None, now }));
        }
    };
    let mut gone = connection
        .prepare_cached("DELETE FROM group_members WHERE vc = ?1 AND group_id = ?2 AND member = ?3")?;
    for member in &left {
        gone.execute(params![vc.0, group.as_str(), member.as_str()])?;
    }
    let mut come = connection.prepare_cached(
        "INSERT INTO group_members (vc, group_id, member, beat_at) VALUES (?1, ?2, ?3, ?4) \
         ON CONFLICT (vc, group_id, member) DO UPDATE SET beat_at = excluded.beat_at",
    )?;
    for member in &joined {
        come.execute(params![vc.0, group.as_str(), member.as_str(), now.millis()])?;
    }
    offsets::commit(connection, (vc, group), now, &offsets)?;
    offsets::forget(connection, (vc, group), &forgotten)?;
    Ok(Ok(GroupChanged { version, now }))
}

fn next_version(connection: &Connection, vc: Vc) -> Result<GroupVersion, Trouble> {
    let mut take = connection.prepare_cached(
        "UPDATE virtual_clusters SET next_group_version = next_group_version + 1 WHERE vc = ?1 \
         RETURNING next_group_version - 1",
    )?;
    Ok(GroupVersion::new(take.query_row([vc.0], |row| row.get(0))?))
}

fn delete(connection: &Connection, vc: Vc, group: &GroupId) -> Result<(), Trouble> {
    for sql in [
        "DELETE FROM consumer_groups WHERE vc = ?1 AND group_id = ?2",
        "DELETE FROM group_members WHERE vc = ?1 AND group_id = ?2",
        "DELETE FROM group_offsets WHERE vc = ?1 AND group_id = ?2",
    ] {
        connection.prepare_cached(sql)?.execute(params![vc.0, group.as_str()])?;
    }
    Ok(())
}
