use std::collections::BTreeMap;

use forebay_model::{LeaderEpoch, PartitionId, Timestamp, TopicId, TopicIdPartition};
use forebay_storage_metadata::{CommittedOffset, OffsetToCommit, OffsetsWanted};
use tokio_postgres::Row;

use crate::pool::Pool;
use crate::rows::{LogKey, Vc, columns, offset, place, time};
use crate::transaction::Transaction;
use crate::trouble::Trouble;

/// Without OFFSET 0 the database would join all offsets that there are with the groups that are asked for, where it does
/// not know how few those are.
const OF_GROUPS: &str = "\
    SELECT k.place, o.topic, o.partition, o.committed_offset, o.leader_epoch, o.metadata, o.committed_at, o.expires_at \
    FROM unnest($2::TEXT[]) WITH ORDINALITY AS k(group_id, place) \
    CROSS JOIN LATERAL (SELECT topic, partition, committed_offset, leader_epoch, metadata, committed_at, expires_at \
        FROM group_offsets WHERE vc = $1 AND group_id = k.group_id OFFSET 0) AS o";

const OF_LOGS: &str = "\
    SELECT k.place, o.topic, o.partition, o.committed_offset, o.leader_epoch, o.metadata, o.committed_at, o.expires_at \
    FROM unnest($2::BIGINT[], $3::TEXT[], $4::UUID[], $5::BIGINT[]) AS k(place, group_id, topic, partition) \
    CROSS JOIN LATERAL (SELECT topic, partition, committed_offset, leader_epoch, metadata, committed_at, expires_at \
        FROM group_offsets WHERE vc = $1 AND group_id = k.group_id AND topic = k.topic AND partition = k.partition \
        LIMIT 1) AS o";

const COMMIT: &str = "\
    INSERT INTO group_offsets (vc, group_id, topic, partition, committed_offset, leader_epoch, metadata, committed_at, \
                               expires_at) \
    SELECT $1::BIGINT, $2::TEXT, o.topic, o.partition, o.committed_offset, o.leader_epoch, o.metadata, $3::BIGINT, \
           o.expires_at \
    FROM unnest($4::UUID[], $5::BIGINT[], $6::BIGINT[], $7::BIGINT[], $8::BYTEA[], $9::BIGINT[]) \
        AS o(topic, partition, committed_offset, leader_epoch, metadata, expires_at) \
    ON CONFLICT (vc, group_id, topic, partition) DO UPDATE SET \
        committed_offset = excluded.committed_offset, leader_epoch = excluded.leader_epoch, \
        metadata = excluded.metadata, committed_at = excluded.committed_at, expires_at = excluded.expires_at";

const FORGET: &str = "\
    DELETE FROM group_offsets o USING unnest($3::UUID[], $4::BIGINT[]) AS k(topic, partition) \
    WHERE o.vc = $1 AND o.group_id = $2 AND o.topic = k.topic AND o.partition = k.partition";

/// Loading all offsets of groups, loading some, and committing, for looking at how PostgreSQL goes about them.
pub(super) const HOT: [&str; 3] = [OF_GROUPS, OF_LOGS, COMMIT];

/// What groups have committed.
pub(super) async fn load(
    pool: &Pool,
    vc: Vc,
    wanted: &[OffsetsWanted],
) -> Result<Vec<Vec<(TopicIdPartition, CommittedOffset)>>, Trouble> {
    let mut found = vec![Vec::new(); wanted.len()];
    // Places in the statement, of those whose offsets are all wanted.
    let whole: Vec<usize> = (0..wanted.len()).filter(|at| wanted[*at].logs.is_none()).collect();
    if !whole.is_empty() {
        let groups: Vec<&str> = whole.iter().map(|at| wanted[*at].group.as_str()).collect();
        for row in pool.query(OF_GROUPS, &[&vc.0, &groups]).await? {
            let at = whole.get(place(row.try_get(0)?)?).and_then(|at| found.get_mut(*at));
            if let Some(found) = at {
                found.push(committed(&row)?);
            }
        }
    }
    let (mut places, mut groups, mut logs) = (Vec::<i64>::new(), Vec::new(), Vec::new());
    for (place, wanted) in (1_i64..).zip(wanted) {
        for log in wanted.logs.iter().flatten() {
            places.push(place);
            groups.push(wanted.group.as_str());
            logs.push(LogKey::from(*log));
        }
    }
    if !logs.is_empty() {
        let (topics, partitions) = columns(logs);
        for row in pool.query(OF_LOGS, &[&vc.0, &places, &groups, &topics, &partitions]).await? {
            if let Some(found) = found.get_mut(place(row.try_get(0)?)?) {
                found.push(committed(&row)?);
            }
        }
    }
    Ok(found)
}

fn committed(row: &Row) -> Result<(TopicIdPartition, CommittedOffset), Trouble> {
    let number: i64 = row.try_get(2)?;
    let partition = i32::try_from(number).ok().and_then(|partition| PartitionId::new(partition).ok());
    let partition = partition.ok_or_else(|| Trouble::number("group_offsets.partition", number))?;
    let epoch = |epoch: i64| {
        let known = i32::try_from(epoch).ok().and_then(|epoch| LeaderEpoch::new(epoch).ok());
        known.ok_or_else(|| Trouble::number("group_offsets.leader_epoch", epoch))
    };
    let metadata = String::from_utf8(row.try_get(5)?)
        .map_err(|error| Trouble::Corrupt(format!("group_offsets.metadata: {error}")))?;
    let committed = OffsetToCommit {
        offset: offset("group_offsets.committed_offset", row.try_get(3)?)?,
        leader_epoch: row.try_get::<_, Option<i64>>(4)?.map(epoch).transpose()?,
        metadata,
        expires_at: time(row.try_get(7)?),
    };
    let log = TopicIdPartition::new(TopicId::from_uuid(row.try_get(1)?), partition);
    Ok((log, CommittedOffset { committed, committed_at: Timestamp::from_millis(row.try_get(6)?) }))
}

/// Writes what a group commits.
pub(super) async fn commit(
    transaction: &mut Transaction<'_>,
    (vc, group): (Vc, &str),
    now: Timestamp,
    offsets: &[(TopicIdPartition, OffsetToCommit)],
) -> Result<(), Trouble> {
    if offsets.is_empty() {
        return Ok(());
    }
    // Of several for a partition the last one counts.
    let last: BTreeMap<LogKey, &OffsetToCommit> =
        offsets.iter().map(|(log, offset)| (LogKey::from(*log), offset)).collect();
    let (topics, partitions) = columns(last.keys().copied());
    let numbers: Vec<i64> = last.values().map(|offset| offset.offset.get()).collect();
    let epochs: Vec<Option<i64>> =
        last.values().map(|offset| offset.leader_epoch.map(|epoch| epoch.get().into())).collect();
    let metadata: Vec<&[u8]> = last.values().map(|offset| offset.metadata.as_bytes()).collect();
    let expire: Vec<Option<i64>> =
        last.values().map(|offset| offset.expires_at.map(Timestamp::millis)).collect();
    transaction
        .execute(
            COMMIT,
            &[&vc.0, &group, &now.millis(), &topics, &partitions, &numbers, &epochs, &metadata, &expire],
        )
        .await?;
    Ok(())
}

/// Deletes what a group has committed.
pub(super) async fn forget(
    transaction: &mut Transaction<'_>,
    (vc, group): (Vc, &str),
    logs: &[TopicIdPartition],
) -> Result<(), Trouble> {
    if !logs.is_empty() {
        let (topics, partitions) = columns(logs.iter().map(|log| LogKey::from(*log)));
        transaction.execute(FORGET, &[&vc.0, &group, &topics, &partitions]).await?;
    }
    Ok(())
}
