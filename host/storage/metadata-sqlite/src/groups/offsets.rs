use forebay_model::{GroupId, LeaderEpoch, PartitionId, Timestamp, TopicIdPartition};
use forebay_storage_metadata::{CommittedOffset, OffsetToCommit, OffsetsWanted};
use rusqlite::{Connection, Row, params};

use crate::rows::{Vc, offset, time, topic_id};
use crate::trouble::Trouble;

const COLUMNS: &str = "topic, partition, committed_offset, leader_epoch, metadata, committed_at, expires_at";

/// What a group has committed.
pub(super) fn load(
    connection: &Connection,
    vc: Vc,
    wanted: &OffsetsWanted,
) -> Result<Vec<(TopicIdPartition, CommittedOffset)>, Trouble> {
    let mut found = Vec::new();
    let group = wanted.group.as_str();
    let all = format!("SELECT {COLUMNS} FROM group_offsets WHERE vc = ?1 AND group_id = ?2");
    let Some(logs) = &wanted.logs else {
        let mut find = connection.prepare_cached(&all)?;
        let mut rows = find.query(params![vc.0, group])?;
        while let Some(row) = rows.next()? {
            found.push(committed(row)?);
        }
        return Ok(found);
    };
    let mut find = connection.prepare_cached(&format!("{all} AND topic = ?3 AND partition = ?4"))?;
    for log in logs {
        let topic = log.topic.uuid();
        let mut rows = find.query(params![vc.0, group, topic.as_bytes(), log.partition.get()])?;
        if let Some(row) = rows.next()? {
            found.push(committed(row)?);
        }
    }
    Ok(found)
}

fn committed(row: &Row<'_>) -> Result<(TopicIdPartition, CommittedOffset), Trouble> {
    let partition: i32 = row.get(1)?;
    let partition = PartitionId::new(partition)
        .map_err(|_| Trouble::number("group_offsets.partition", partition.into()))?;
    let epoch: Option<i32> = row.get(3)?;
    let leader_epoch = epoch
        .map(|epoch| {
            LeaderEpoch::new(epoch).map_err(|_| Trouble::number("group_offsets.leader_epoch", epoch.into()))
        })
        .transpose()?;
    let committed = OffsetToCommit {
        offset: offset("group_offsets.committed_offset", row.get(2)?)?,
        leader_epoch,
        metadata: row.get(4)?,
        expires_at: time(row.get(6)?),
    };
    let committed_at = Timestamp::from_millis(row.get(5)?);
    let log = TopicIdPartition::new(topic_id(row.get(0)?), partition);
    Ok((log, CommittedOffset { committed, committed_at }))
}

/// Writes what a group commits.
pub(super) fn commit(
    connection: &Connection,
    (vc, group): (Vc, &GroupId),
    now: Timestamp,
    offsets: &[(TopicIdPartition, OffsetToCommit)],
) -> Result<(), Trouble> {
    let mut write = connection.prepare_cached(
        "INSERT INTO group_offsets (vc, group_id, topic, partition, committed_offset, leader_epoch, metadata, \
         committed_at, expires_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) \
         ON CONFLICT (vc, group_id, topic, partition) DO UPDATE SET \
         committed_offset = excluded.committed_offset, leader_epoch = excluded.leader_epoch, \
         metadata = excluded.metadata, committed_at = excluded.committed_at, expires_at = excluded.expires_at",
    )?;
    for (log, OffsetToCommit { offset, leader_epoch, metadata, expires_at }) in offsets {
        write.execute(params![
            vc.0,
            group.as_str(),
            log.topic.uuid().as_bytes(),
            log.partition.get(),
            offset.get(),
            leader_epoch.map(LeaderEpoch::get),
            metadata,
            now.millis(),
            expires_at.map(Timestamp::millis),
        ])?;
    }
    Ok(())
}

/// Deletes what a group has committed.
pub(super) fn forget(
    connection: &Connection,
    (vc, group): (Vc, &GroupId),
    logs: &[TopicIdPartition],
) -> Result<(), Trouble> {
    let mut delete = connection.prepare_cached(
        "DELETE FROM group_offsets WHERE vc = ?1 AND group_id = ?2 AND topic = ?3 AND partition = ?4",
    )?;
    for log in logs {
        delete.execute(params![vc.0, group.as_str(), log.topic.uuid().as_bytes(), log.partition.get()])?;
    }
    Ok(())
}
