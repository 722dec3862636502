use forebay_model::{PartitionId, Timestamp, TopicIdPartition};
use forebay_storage_metadata::{LogBounds, Progress, ProgressKey, ProgressPage};
use rusqlite::{Connection, Row, params};

use super::group_id;
use crate::commit::Head;
use crate::log::head;
use crate::minutes;
use crate::rows::{Vc, limit as rows_of, offset, topic_id, topic_name};
use crate::trouble::Trouble;

const PAGE: &str = "\
    SELECT o.group_id, o.topic, o.partition, o.committed_offset, o.committed_at, t.name \
    FROM (SELECT group_id, topic, partition, committed_offset, committed_at FROM group_offsets \
        WHERE vc = ?1 AND (group_id, topic, partition) > (?2, ?3, ?4) \
        ORDER BY group_id, topic, partition LIMIT ?5) AS o \
    LEFT JOIN topics AS t ON t.vc = ?1 AND t.topic = o.topic AND t.deleted_at IS NULL \
    ORDER BY o.group_id, o.topic, o.partition";

/// How far groups have come, behind `after`.
pub(super) fn page(
    connection: &Connection,
    (vc, now): (Vc, Timestamp),
    after: Option<&ProgressKey>,
    limit: usize,
) -> Result<ProgressPage, Trouble> {
    // No group has an empty id.
    let (group, topic, partition) = after.map_or(("", [0; 16], 0), |ProgressKey { group, log }| {
        (group.as_str(), log.topic.uuid().into_bytes(), log.partition.get())
    });
    let mut find = connection.prepare_cached(PAGE)?;
    let mut rows = find.query(params![vc.0, group, topic, partition, rows_of(limit)])?;
    let (mut progress, mut last, mut seen) = (Vec::new(), None, 0);
    while let Some(row) = rows.next()? {
        seen += 1;
        let key = key(row)?;
        if let Some(name) = row.get::<_, Option<String>>(5)?
            && let Some(head) = head(connection, vc, key.log)?
        {
            let found = Progress {
                group: key.group.clone(),
                topic: topic_name(&name)?,
                log: key.log,
                committed: offset("group_offsets.committed_offset", row.get(3)?)?,
                committed_at: Timestamp::from_millis(row.get(4)?),
                bounds: LogBounds { log_start: head.log_start, high_watermark: head.high_watermark },
                behind_since: None,
            };
            progress.push(Progress { behind_since: since(connection, (vc, now), &head, &found)?, ..found });
        }
        last = Some(key);
    }
    Ok(ProgressPage { now, progress, next: last.filter(|_| seen >= limit) })
}

fn key(row: &Row<'_>) -> Result<ProgressKey, Trouble> {
    let (group, topic, partition): (String, [u8; 16], i32) = (row.get(0)?, row.get(1)?, row.get(2)?);
    let partition = PartitionId::new(partition)
        .map_err(|_| Trouble::number("group_offsets.partition", partition.into()))?;
    Ok(ProgressKey { group: group_id(&group)?, log: TopicIdPartition::new(topic_id(topic), partition) })
}

/// About when the record was committed that comes next.
fn since(
    connection: &Connection,
    (vc, now): (Vc, Timestamp),
    head: &Head,
    progress: &Progress,
) -> Result<Option<Timestamp>, Trouble> {
    match progress.next_record() {
        Some(next) => minutes::committed_about(connection, vc, head, next, now),
        None => Ok(None),
    }
}
