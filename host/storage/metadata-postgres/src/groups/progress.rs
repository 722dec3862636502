use forebay_model::{PartitionId, Timestamp, TopicId, TopicIdPartition};
use forebay_storage_metadata::{Progress, ProgressKey};
use tokio_postgres::Row;
use uuid::Uuid;

use super::group_id;
use crate::pool::Pool;
use crate::rows::{Vc, limit as rows_of, offset, topic_name};
use crate::trouble::Trouble;
use crate::{find, minutes};

/// Partitions in which groups have committed something, `$5` behind a key; with the row of the minute index in which the
/// record lies that comes next. Where that is the minute of the last commit, the row of the log says so itself.
pub(crate) const PAGE: &str = "\
    SELECT o.group_id, o.topic, o.partition, o.committed_offset, o.committed_at, t.name, \
           l.log_start, l.high_watermark, l.minute, l.minute_base, \
           m.base_offset, m.offset_count, m.minute, m.minute_count \
    FROM (SELECT group_id, topic, partition, committed_offset, committed_at FROM group_offsets \
        WHERE vc = $1 AND (group_id, topic, partition) > ($2::TEXT, $3::UUID, $4::BIGINT) \
        ORDER BY group_id, topic, partition LIMIT $5) AS o \
    LEFT JOIN LATERAL (SELECT name FROM topics \
        WHERE vc = $1 AND topic = o.topic AND deleted_at IS NULL LIMIT 1) AS t ON TRUE \
    LEFT JOIN LATERAL (SELECT log, log_start, high_watermark, minute, minute_base FROM logs \
        WHERE vc = $1 AND topic = o.topic AND partition = o.partition AND NOT is_deleted LIMIT 1) AS l ON TRUE \
    LEFT JOIN LATERAL (SELECT base_offset, offset_count, minute, minute_count FROM minutes \
        WHERE vc = $1 AND log = l.log AND base_offset <= greatest(o.committed_offset, l.log_start) \
        AND greatest(o.committed_offset, l.log_start) < l.high_watermark \
        AND (l.minute IS NULL OR greatest(o.committed_offset, l.log_start) < l.minute_base) \
        ORDER BY base_offset DESC LIMIT 1) AS m ON TRUE \
    ORDER BY o.group_id, o.topic, o.partition";

/// How far groups have come, behind `after`, and where to go on.
pub(super) async fn page(
    pool: &Pool,
    (vc, now): (Vc, Timestamp),
    after: Option<&ProgressKey>,
    limit: usize,
) -> Result<(Vec<Progress>, Option<ProgressKey>), Trouble> {
    // No group has an empty id.
    let (group, topic, partition) = after.map_or(("", Uuid::nil(), 0), |ProgressKey { group, log }| {
        (group.as_str(), log.topic.uuid(), i64::from(log.partition.get()))
    });
    let rows = pool.query(PAGE, &[&vc.0, &group, &topic, &partition, &rows_of(limit)]).await?;
    let mut progress = Vec::with_capacity(rows.len());
    for row in &rows {
        progress.extend(read(row, now)?);
    }
    let last = rows.last().filter(|_| rows.len() >= limit);
    Ok((progress, last.map(key).transpose()?))
}

fn key(row: &Row) -> Result<ProgressKey, Trouble> {
    let number: i64 = row.try_get(2)?;
    let partition = i32::try_from(number).ok().and_then(|partition| PartitionId::new(partition).ok());
    let partition = partition.ok_or_else(|| Trouble::number("group_offsets.partition", number))?;
    let log = TopicIdPartition::new(TopicId::from_uuid(row.try_get(1)?), partition);
    Ok(ProgressKey { group: group_id(row.try_get(0)?)?, log })
}

/// What a row says; nothing where the topic is gone.
fn read(row: &Row, now: Timestamp) -> Result<Option<Progress>, Trouble> {
    let (name, start): (Option<&str>, Option<i64>) = (row.try_get(5)?, row.try_get(6)?);
    let (Some(name), Some(_)) = (name, start) else { return Ok(None) };
    let ProgressKey { group, log } = key(row)?;
    let progress = Progress {
        group,
        topic: topic_name(name)?,
        log,
        committed: offset("group_offsets.committed_offset", row.try_get(3)?)?,
        committed_at: Timestamp::from_millis(row.try_get(4)?),
        bounds: find::bounds(row, 6)?,
        behind_since: None,
    };
    let Some(next) = progress.next_record() else { return Ok(Some(progress)) };
    let behind_since = minutes::about(row, 8, (next, progress.bounds), now)?;
    Ok(Some(Progress { behind_since, ..progress }))
}
