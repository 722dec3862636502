use forebay_model::{GroupId, MemberId, Timestamp};
use forebay_storage_metadata::{ChangeGroupError, GroupChange, GroupChanged, GroupVersion, StateChange};

use super::{offsets, version};
use crate::PostgresMetadataStore;
use crate::rows::Vc;
use crate::transaction::Transaction;
use crate::trouble::Trouble;

const LOCK: &str = "SELECT version FROM consumer_groups WHERE vc = $1 AND group_id = $2 FOR UPDATE";
const NEXT: &str = "SELECT nextval('group_versions')";
const INSERT: &str = "INSERT INTO consumer_groups (vc, group_id, version, state) VALUES ($1, $2, $3, $4)";
const UPDATE: &str = "UPDATE consumer_groups SET version = $3, state = $4 WHERE vc = $1 AND group_id = $2";
const LEAVE: &str = "DELETE FROM group_members WHERE vc = $1 AND group_id = $2 AND member = ANY($3::TEXT[])";
const JOIN: &str = "\
    INSERT INTO group_members (vc, group_id, member, beat_at) \
    SELECT $1::BIGINT, $2::TEXT, m, $4::BIGINT FROM unnest($3::TEXT[]) AS m \
    ON CONFLICT (vc, group_id, member) DO UPDATE SET beat_at = excluded.beat_at";

/// Locking a group, changing it and adding members, for looking at how PostgreSQL goes about them.
pub(super) const HOT: [&str; 3] = [LOCK, UPDATE, JOIN];

/// Changes a group that still is what was seen.
pub(super) async fn change(
    store: &PostgresMetadataStore,
    vc: Vc,
    group: &GroupId,
    seen: Option<GroupVersion>,
    change: &GroupChange,
) -> Result<Result<GroupChanged, ChangeGroupError>, Trouble> {
    let GroupChange { state, joined, left, offsets, forgotten } = change;
    let mut transaction = Transaction::begin(&store.pool).await?;
    let id = group.as_str();
    let locked = transaction.query_first(LOCK, &[&vc.0, &id]).await?;
    let found = locked.map(|row| version(&row, 0)).transpose()?.flatten();
    if found != seen || (seen.is_none() && *state == StateChange::Keep) {
        return transaction.end(Err(ChangeGroupError::Changed { group: group.clone() })).await;
    }
    let now = store.time(&mut transaction).await?;
    let version = match state {
        StateChange::Keep => seen,
        StateChange::Write(state) => Some(write(&mut transaction, (vc, id), seen, state).await?),
        StateChange::Delete => {
            delete(&mut transaction, vc, id).await?;
            return transaction.end(Ok(GroupChanged { version: None, now })).await;
        }
    };
    if !left.is_empty() {
        transaction.execute(LEAVE, &[&vc.0, &id, &names(left)]).await?;
    }
    join(&mut transaction, (vc, id), joined, now).await?;
    offsets::commit(&mut transaction, (vc, id), now, offsets).await?;
    offsets::forget(&mut transaction, (vc, id), forgotten).await?;
    transaction.end(Ok(GroupChanged { version, now })).await
}

/// The version is taken when the group is locked: later ones are greater.
async fn write(
    transaction: &mut Transaction<'_>,
    (vc, id): (Vc, &str),
    seen: Option<GroupVersion>,
    state: &Vec<u8>,
) -> Result<GroupVersion, Trouble> {
    let next = transaction.query_first(NEXT, &[]).await?;
    let next = next.ok_or_else(|| Trouble::Corrupt("group_versions has no next value".to_owned()))?;
    let number: i64 = next.try_get(0)?;
    // Of two that make it at once one is refused by the primary key, and looks again.
    let sql = if seen.is_none() { INSERT } else { UPDATE };
    transaction.execute(sql, &[&vc.0, &id, &number, state]).await?;
    Ok(GroupVersion::new(number))
}

async fn join(
    transaction: &mut Transaction<'_>,
    (vc, id): (Vc, &str),
    joined: &[MemberId],
    now: Timestamp,
) -> Result<(), Trouble> {
    if !joined.is_empty() {
        transaction.execute(JOIN, &[&vc.0, &id, &names(joined), &now.millis()]).await?;
    }
    Ok(())
}

/// Each once, in order.
fn names(members: &[MemberId]) -> Vec<&str> {
    let mut names: Vec<&str> = members.iter().map(MemberId::as_str).collect();
    names.sort_unstable();
    names.dedup();
    names
}

async fn delete(transaction: &mut Transaction<'_>, vc: Vc, id: &str) -> Result<(), Trouble> {
    for sql in [
        "DELETE FROM consumer_groups WHERE vc = $1 AND group_id = $2",
        "DELETE FROM group_members WHERE vc = $1 AND group_id = $2",
        "DELETE FROM group_offsets WHERE vc = $1 AND group_id = $2",
    ] {
        transaction.execute(sql, &[&vc.0, &id]).await?;
    }
    Ok(())
}
