use async_trait::async_trait;
use forebay_model::{ByteCount, Offset, TopicId, TopicIdPartition, VirtualClusterId};
use forebay_storage_metadata::{
    DeleteBefore, Expired, Lease, LogBounds, OUTCOMES_KEPT, PRODUCERS_KEPT, Purged, RecordsKept, Retention,
    RetentionLimits, StoreFailure, TrimError, Trimmed, UPLOAD_HORIZON,
};
use rusqlite::params;

use crate::SqliteMetadataStore;
use crate::commit::Head;
use crate::ends::Effect;
use crate::jobs::is_held;
use crate::log::head;
use crate::rows::{LogRow, Vc, limit as rows_of, offset, vc_of};
use crate::segments::{self, State};
use crate::trouble::Trouble;
use crate::writer::Writing;

/// How many runs DeleteRecords removes at once. The rest goes when the partition is trimmed.
const REMOVED_AT_ONCE: usize = 1_000;

const HOUR: i64 = 3_600_000;

#[async_trait]
impl Retention for SqliteMetadataStore {
    async fn trim(
        &self,
        cluster: &VirtualClusterId,
        log: TopicIdPartition,
        limits: RetentionLimits,
        limit: usize,
        lease: Option<&Lease>,
    ) -> Result<Trimmed, TrimError> {
        let (cluster, lease) = (cluster.clone(), lease.cloned());
        self.write(move |writing| {
            let vc = vc_of(writing.connection, &cluster)?;
            let Some((vc, head)) = vc.map_or(Ok(None), |vc| found(writing, vc, log))? else {
                return Ok(Err(TrimError::NoPartition { cluster, log }));
            };
            if !is_held(writing.connection, vc, lease.as_ref())? {
                return Ok(Err(TrimError::Fenced));
            }
            trim(writing, vc, log, head, limits, limit).map(Ok)
        })
        .await
    }

    async fn purge_deleted_topics(
        &self,
        cluster: &VirtualClusterId,
        limit: usize,
    ) -> Result<Purged, StoreFailure> {
        let cluster = cluster.clone();
        self.write(move |writing| {
            let Some(vc) = vc_of(writing.connection, &cluster)? else { return Ok(Ok(Purged::default())) };
            purge(writing, vc, limit).map(Ok)
        })
        .await
    }

    async fn expire(&self, cluster: &VirtualClusterId, limit: usize) -> Result<Expired, StoreFailure> {
        let cluster = cluster.clone();
        self.write(move |writing| {
            let Some(vc) = vc_of(writing.connection, &cluster)? else { return Ok(Ok(Expired::default())) };
            expire(writing, vc, limit).map(Ok)
        })
        .await
    }
}

fn found(writing: &Writing<'_>, vc: Vc, log: TopicIdPartition) -> Result<Option<(Vc, Head)>, Trouble> {
    Ok(head(writing.connection, vc, log)?.map(|head| (vc, head)))
}

/// A run as far as removing it needs.
struct OldRun {
    end_offset: i64,
    length: i64,
    max_timestamp: i64,
    running_max: i64,
    segment: i64,
}

fn trim(
    writing: &mut Writing<'_>,
    vc: Vc,
    log: TopicIdPartition,
    head: Head,
    limits: RetentionLimits,
    limit: usize,
) -> Result<Trimmed, Trouble> {
    let oldest_kept = limits.age.map(|age| writing.now.before(age).millis());
    let size_kept = limits.size.map(|size| i64::try_from(size.get()).unwrap_or(i64::MAX));
    let mut left = head.bytes;
    let (old, is_more) = oldest_runs(writing, vc, head.row, limit, |run| {
        let is_deleted = run.end_offset <= head.log_start.get();
        let is_old = oldest_kept.is_some_and(|oldest| run.max_timestamp < oldest);
        let is_beyond = size_kept.is_some_and(|size| left.saturating_sub(run.length) >= size);
        left = left.saturating_sub(run.length);
        is_deleted || is_old || is_beyond
    })?;
    let log_start = match old.last() {
        Some(last) => offset("runs.end_offset", last.end_offset)?.max(head.log_start),
        None => head.log_start,
    };
    if old.is_empty() {
        // The log starts where it did: nothing is written, and nothing synced.
        return Ok(Trimmed { log_start, runs: 0, bytes: ByteCount::ZERO, is_more });
    }
    let bytes = remove(writing, vc, &head, &old, log_start)?;
    if log_start != head.log_start {
        let bounds = LogBounds { log_start, high_watermark: head.high_watermark };
        writing.then(Effect::Moved((vc, log), bounds));
    }
    Ok(Trimmed { log_start, runs: old.len(), bytes, is_more })
}

/// The oldest runs as long as they are to go, `limit` at most, and whether there may be more.
fn oldest_runs(
    writing: &Writing<'_>,
    vc: Vc,
    log: LogRow,
    limit: usize,
    mut goes: impl FnMut(&OldRun) -> bool,
) -> Result<(Vec<OldRun>, bool), Trouble> {
    let mut find = writing.connection.prepare_cached(
        "SELECT end_offset, length, max_timestamp, running_max, segment FROM runs \
         WHERE vc = ?1 AND log = ?2 ORDER BY base_offset",
    )?;
    let mut rows = find.query(params![vc.0, log.0])?;
    let mut old = Vec::new();
    while let Some(row) = rows.next()? {
        let run = OldRun {
            end_offset: row.get(0)?,
            length: row.get(1)?,
            max_timestamp: row.get(2)?,
            running_max: row.get(3)?,
            segment: row.get(4)?,
        };
        if !goes(&run) {
            break;
        }
        if old.len() >= limit {
            return Ok((old, true));
        }
        old.push(run);
    }
    Ok((old, false))
}

/// Removes the oldest runs of a log, which starts at `log_start` from now on. Returns how many bytes they had.
fn remove(
    writing: &Writing<'_>,
    vc: Vc,
    head: &Head,
    old: &[OldRun],
    log_start: Offset,
) -> Result<ByteCount, Trouble> {
    let connection = writing.connection;
    let removed: i64 = old.iter().map(|run| run.length).sum();
    if let Some(last) = old.last() {
        connection
            .prepare_cached("DELETE FROM runs WHERE vc = ?1 AND log = ?2 AND base_offset < ?3")?
            .execute(params![vc.0, head.row.0, last.end_offset])?;
        connection
            .prepare_cached("UPDATE logs SET trimmed_max = ?2 WHERE log = ?1")?
            .execute(params![head.row.0, last.running_max])?;
        segments::release(writing, old.iter().map(|run| run.segment))?;
    }
    connection
        .prepare_cached(
            "DELETE FROM minutes WHERE vc = ?1 AND log = ?2 AND base_offset + offset_count <= ?3",
        )?
        .execute(params![vc.0, head.row.0, log_start.get()])?;
    connection
        .prepare_cached("UPDATE logs SET log_start = ?2, bytes = bytes - ?3 WHERE log = ?1")?
        .execute(params![head.row.0, log_start.get(), removed])?;
    if old.last().is_some_and(|last| last.end_offset == head.high_watermark.get()) {
        // Empty: what its records' timestamps were no longer matters.
        connection
            .prepare_cached("UPDATE logs SET running_max = NULL, trimmed_max = NULL WHERE log = ?1")?
            .execute([head.row.0])?;
    }
    Ok(u64::try_from(removed).map_or(ByteCount::ZERO, ByteCount::new))
}

/// DeleteRecords of one partition.
pub(crate) fn delete_before(
    writing: &mut Writing<'_>,
    vc: Vc,
    log: TopicIdPartition,
    before: DeleteBefore,
) -> Result<Result<Offset, RecordsKept>, Trouble> {
    let Some(head) = head(writing.connection, vc, log)? else { return Ok(Err(RecordsKept::NoPartition)) };
    let high_watermark = head.high_watermark;
    let log_start = match before {
        DeleteBefore::End => high_watermark,
        DeleteBefore::Offset(offset) if offset > high_watermark => {
            return Ok(Err(RecordsKept::OutOfRange { high_watermark }));
        }
        DeleteBefore::Offset(offset) => offset.max(head.log_start),
    };
    if log_start == head.log_start {
        return Ok(Ok(log_start));
    }
    let is_deleted = |run: &OldRun| run.end_offset <= log_start.get();
    let (old, _) = oldest_runs(writing, vc, head.row, REMOVED_AT_ONCE, is_deleted)?;
    remove(writing, vc, &head, &old, log_start)?;
    writing.then(Effect::Moved((vc, log), LogBounds { log_start, high_watermark }));
    Ok(Ok(log_start))
}

fn purge(writing: &Writing<'_>, vc: Vc, limit: usize) -> Result<Purged, Trouble> {
    let mut purged = Purged::default();
    let mut find = writing.connection.prepare_cached(
        "SELECT topic FROM topics WHERE vc = ?1 AND deleted_at IS NOT NULL ORDER BY deleted_at LIMIT ?2",
    )?;
    let topics = find
        .query_map(params![vc.0, rows_of(limit.saturating_add(1))], |row| row.get(0))?
        .collect::<Result<Vec<[u8; 16]>, _>>()?;
    for topic in topics {
        if purged.topics >= limit
            || !purge_topic(writing, vc, crate::rows::topic_id(topic), limit, &mut purged)?
        {
            purged.is_more = true;
            break;
        }
    }
    Ok(purged)
}

/// Removes what a topic has left. `false` when the limit was met before.
fn purge_topic(
    writing: &Writing<'_>,
    vc: Vc,
    topic: TopicId,
    limit: usize,
    purged: &mut Purged,
) -> Result<bool, Trouble> {
    let connection = writing.connection;
    let topic = topic.uuid();
    let mut find = connection.prepare_cached("SELECT log FROM logs WHERE vc = ?1 AND topic = ?2 LIMIT 1")?;
    loop {
        let mut logs = find.query(params![vc.0, topic.as_bytes()])?;
        let Some(log) = logs.next()?.map(|row| row.get(0).map(LogRow)).transpose()? else { break };
        drop(logs);
        let (old, is_more) = oldest_runs(writing, vc, log, limit.saturating_sub(purged.runs), |_| true)?;
        purged.runs += old.len();
        if let Some(last) = old.last() {
            connection
                .prepare_cached("DELETE FROM runs WHERE vc = ?1 AND log = ?2 AND base_offset < ?3")?
                .execute(params![vc.0, log.0, last.end_offset])?;
            segments::release(writing, old.iter().map(|run| run.segment))?;
        }
        if is_more {
            return Ok(false);
        }
        let forgotten = connection
            .prepare_cached(
                "DELETE FROM producers WHERE vc = ?1 AND log = ?2 AND producer IN \
                 (SELECT producer FROM producers WHERE vc = ?1 AND log = ?2 LIMIT ?3)",
            )?
            .execute(params![vc.0, log.0, rows_of(limit)])?;
        if forgotten >= limit {
            return Ok(false);
        }
        // No more than some thousands: see the minute index.
        connection
            .prepare_cached("DELETE FROM minutes WHERE vc = ?1 AND log = ?2")?
            .execute(params![vc.0, log.0])?;
        connection.prepare_cached("DELETE FROM logs WHERE log = ?1")?.execute([log.0])?;
    }
    for remove in [
        "DELETE FROM topic_configs WHERE vc = ?1 AND topic = ?2",
        "DELETE FROM topics WHERE vc = ?1 AND topic = ?2",
    ] {
        connection.prepare_cached(remove)?.execute(params![vc.0, topic.as_bytes()])?;
    }
    purged.topics += 1;
    Ok(true)
}

fn expire(writing: &Writing<'_>, vc: Vc, limit: usize) -> Result<Expired, Trouble> {
    let connection = writing.connection;
    let rows = rows_of(limit);
    let hour = writing.now.before(PRODUCERS_KEPT).millis().div_euclid(HOUR);
    let producers = connection
        .prepare_cached(
            "DELETE FROM producers WHERE vc = ?1 AND (log, producer) IN \
             (SELECT log, producer FROM producers WHERE vc = ?1 AND hour < ?2 LIMIT ?3)",
        )?
        .execute(params![vc.0, hour, rows])?;
    // The oldest come first, since segments are numbered as they are committed: nothing else is looked at.
    let outcomes = connection
        .prepare_cached(
            "DELETE FROM outcomes WHERE vc = ?1 AND committed_at < ?2 AND segment IN \
             (SELECT segment FROM outcomes WHERE vc = ?1 ORDER BY segment LIMIT ?3)",
        )?
        .execute(params![vc.0, writing.now.before(OUTCOMES_KEPT).millis(), rows])?;
    let mut find = connection.prepare_cached(
        "SELECT segment FROM segments WHERE vc = ?1 AND state = ?2 AND runs = 0 AND changed_at < ?3 \
         ORDER BY changed_at LIMIT ?4",
    )?;
    let gone = writing.now.before(UPLOAD_HORIZON).millis();
    let segments = find
        .query_map(params![vc.0, State::Deleted.number(), gone, rows], |row| row.get(0))?
        .collect::<Result<Vec<i64>, _>>()?;
    for segment in &segments {
        for remove in [
            "DELETE FROM outcomes WHERE vc = ?1 AND segment = ?2",
            "DELETE FROM segments WHERE vc = ?1 AND segment = ?2",
        ] {
            connection.prepare_cached(remove)?.execute(params![vc.0, segment])?;
        }
    }
    Ok(Expired { producers, outcomes, segments: segments.len() })
}
