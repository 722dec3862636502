use std::collections::BTreeSet;

use async_trait::async_trait;
use forebay_model::{ByteCount, Offset, Timestamp, TopicIdPartition, VirtualClusterId};
use forebay_storage_metadata::{
    DeleteBefore, Expired, Lease, OUTCOMES_KEPT, PRODUCERS_KEPT, Purged, RecordsKept, Retention,
    RetentionLimits, StoreFailure, TrimError, Trimmed, UPLOAD_HORIZON,
};
use uuid::Uuid;

use crate::PostgresMetadataStore;
use crate::jobs::is_held;
use crate::minutes;
use crate::rows::{LogKey, Vc, limit as rows_of, offset};
use crate::segments;
use crate::transaction::Transaction;
use crate::tries::tried;
use crate::trouble::Trouble;

/// How many runs DeleteRecords removes at once. The rest goes when the partition is trimmed.
const REMOVED_AT_ONCE: usize = 1_000;

const HOUR: i64 = 3_600_000;

const HEAD: &str = "SELECT log, log_start, high_watermark, bytes FROM logs \
                    WHERE vc = $1 AND topic = $2 AND partition = $3 AND NOT is_deleted";
const LOCKED_HEAD: &str = "SELECT log, log_start, high_watermark, bytes FROM logs \
                           WHERE vc = $1 AND topic = $2 AND partition = $3 AND NOT is_deleted FOR UPDATE";
pub(crate) const OLDEST: &str = "SELECT end_offset, length, max_timestamp, running_max, segment FROM runs \
                                 WHERE vc = $1 AND log = $2 ORDER BY base_offset LIMIT $3";

#[async_trait]
impl Retention for PostgresMetadataStore {
    async fn trim(
        &self,
        cluster: &VirtualClusterId,
        log: TopicIdPartition,
        limits: RetentionLimits,
        limit: usize,
        lease: Option<&Lease>,
    ) -> Result<Trimmed, TrimError> {
        let missing = || TrimError::NoPartition { cluster: cluster.clone(), log };
        let Some(vc) = tried!(&self.pool, self.vc(cluster)) else { return Err(missing()) };
        tried!(&self.pool, self.trim_log(vc, log, limits, (limit, lease)))?.ok_or_else(missing)
    }

    async fn purge_deleted_topics(
        &self,
        cluster: &VirtualClusterId,
        limit: usize,
    ) -> Result<Purged, StoreFailure> {
        let Some(vc) = tried!(&self.pool, self.vc(cluster)) else { return Ok(Purged::default()) };
        Ok(tried!(&self.pool, self.purge(vc, limit)))
    }

    async fn expire(&self, cluster: &VirtualClusterId, limit: usize) -> Result<Expired, StoreFailure> {
        let Some(vc) = tried!(&self.pool, self.vc(cluster)) else { return Ok(Expired::default()) };
        Ok(tried!(&self.pool, self.expire_rows(vc, limit)))
    }
}

/// A partition as far as removing its head needs.
#[derive(Debug, Clone, Copy)]
struct Head {
    log: i64,
    log_start: Offset,
    high_watermark: Offset,
    bytes: i64,
}

/// A run as far as removing it needs.
struct OldRun {
    end_offset: i64,
    length: i64,
    max_timestamp: i64,
    running_max: i64,
    segment: i64,
}

async fn head(
    transaction: &mut Transaction<'_>,
    sql: &'static str,
    vc: Vc,
    log: TopicIdPartition,
) -> Result<Option<Head>, Trouble> {
    let LogKey { topic, partition } = log.into();
    let row = transaction.query_first(sql, &[&vc.0, &topic, &i64::from(partition)]).await?;
    let Some(row) = row else { return Ok(None) };
    Ok(Some(Head {
        log: row.try_get(0)?,
        log_start: offset("logs.log_start", row.try_get(1)?)?,
        high_watermark: offset("logs.high_watermark", row.try_get(2)?)?,
        bytes: row.try_get(3)?,
    }))
}

impl PostgresMetadataStore {
    async fn trim_log(
        &self,
        vc: Vc,
        log: TopicIdPartition,
        limits: RetentionLimits,
        (limit, lease): (usize, Option<&Lease>),
    ) -> Result<Result<Option<Trimmed>, TrimError>, Trouble> {
        // Most of the time nothing is to go: that is seen without keeping commits waiting.
        let mut looking = Transaction::snapshot(&self.pool).await?;
        let Some(seen) = head(&mut looking, HEAD, vc, log).await? else {
            looking.commit().await?;
            return Ok(Ok(None));
        };
        let now = self.time(&mut looking).await?;
        let old = to_trim(&mut looking, vc, seen, limits, (1, now)).await?.0;
        looking.commit().await?;
        if old.is_empty() {
            let log_start = seen.log_start;
            return Ok(Ok(Some(Trimmed { log_start, runs: 0, bytes: ByteCount::ZERO, is_more: false })));
        }
        let mut transaction = Transaction::begin(&self.pool).await?;
        let Some(head) = head(&mut transaction, LOCKED_HEAD, vc, log).await? else {
            transaction.rollback().await?;
            return Ok(Ok(None));
        };
        if !is_held(&mut transaction, vc, lease).await? {
            transaction.rollback().await?;
            return Ok(Err(TrimError::Fenced));
        }
        let (old, is_more) = to_trim(&mut transaction, vc, head, limits, (limit, now)).await?;
        let Some(last) = old.last() else {
            transaction.rollback().await?;
            let log_start = head.log_start;
            return Ok(Ok(Some(Trimmed { log_start, runs: 0, bytes: ByteCount::ZERO, is_more })));
        };
        let log_start = offset("runs.end_offset", last.end_offset)?.max(head.log_start);
        let bytes = remove(&mut transaction, vc, head, &old, (log_start, now)).await?;
        transaction.commit().await?;
        Ok(Ok(Some(Trimmed { log_start, runs: old.len(), bytes, is_more })))
    }

    async fn purge(&self, vc: Vc, limit: usize) -> Result<Purged, Trouble> {
        let mut purged = Purged::default();
        let find =
            "SELECT topic FROM topics WHERE vc = $1 AND deleted_at IS NOT NULL ORDER BY deleted_at LIMIT $2";
        let topics = self.pool.query(find, &[&vc.0, &rows_of(limit.saturating_add(1))]).await?;
        for row in topics {
            if purged.topics >= limit || !self.purge_topic(vc, row.try_get(0)?, limit, &mut purged).await? {
                purged.is_more = true;
                break;
            }
        }
        Ok(purged)
    }

    /// Removes what a topic has left, a transaction for each of its partitions. `false` when the limit was met before.
    async fn purge_topic(
        &self,
        vc: Vc,
        topic: Uuid,
        limit: usize,
        purged: &mut Purged,
    ) -> Result<bool, Trouble> {
        loop {
            let mut transaction = Transaction::begin(&self.pool).await?;
            // Of two agents at it the second waits, and finds what is left.
            let find =
                "SELECT log FROM logs WHERE vc = $1 AND topic = $2 ORDER BY partition LIMIT 1 FOR UPDATE";
            let Some(row) = transaction.query_first(find, &[&vc.0, &topic]).await? else {
                for remove in [
                    "DELETE FROM topic_configs WHERE vc = $1 AND topic = $2",
                    "DELETE FROM topics WHERE vc = $1 AND topic = $2",
                ] {
                    transaction.execute(remove, &[&vc.0, &topic]).await?;
                }
                transaction.commit().await?;
                purged.topics += 1;
                return Ok(true);
            };
            let log: i64 = row.try_get(0)?;
            let now = self.time(&mut transaction).await?;
            let left = limit.saturating_sub(purged.runs);
            let (old, is_more) = oldest_runs(&mut transaction, vc, log, left, |_| true).await?;
            if let Some(last) = old.last() {
                let delete = "DELETE FROM runs WHERE vc = $1 AND log = $2 AND base_offset < $3";
                transaction.execute(delete, &[&vc.0, &log, &last.end_offset]).await?;
                segments::release(&mut transaction, vc, old.iter().map(|run| run.segment), now).await?;
            }
            let mut is_empty = !is_more;
            if is_empty {
                let forget = "DELETE FROM producers WHERE vc = $1 AND log = $2 AND producer IN \
                              (SELECT producer FROM producers WHERE vc = $1 AND log = $2 LIMIT $3)";
                let forgotten = transaction.execute(forget, &[&vc.0, &log, &rows_of(limit)]).await?;
                is_empty = forgotten < u64::try_from(limit).unwrap_or(u64::MAX);
            }
            if is_empty {
                // No more than some thousands: see the minute index.
                transaction.execute("DELETE FROM minutes WHERE vc = $1 AND log = $2", &[&vc.0, &log]).await?;
                transaction.execute("DELETE FROM logs WHERE vc = $1 AND log = $2", &[&vc.0, &log]).await?;
            }
            transaction.commit().await?;
            purged.runs += old.len();
            if !is_empty {
                return Ok(false);
            }
        }
    }

    async fn expire_rows(&self, vc: Vc, limit: usize) -> Result<Expired, Trouble> {
        let rows = rows_of(limit);
        let mut transaction = Transaction::begin(&self.pool).await?;
        let now = self.time(&mut transaction).await?;
        minutes::merge(&mut transaction, vc, now, limit).await?;
        transaction.commit().await?;

        // In transactions of their own, so that no lock is held for long. A producer that writes meanwhile stays.
        let hour = now.before(PRODUCERS_KEPT).millis().div_euclid(HOUR);
        let forget = "DELETE FROM producers p USING (SELECT log, producer FROM producers \
                      WHERE vc = $1 AND hour < $2 ORDER BY hour LIMIT $3) AS o \
                      WHERE p.vc = $1 AND p.log = o.log AND p.producer = o.producer AND p.hour < $2 RETURNING 1";
        let producers = self.pool.query(forget, &[&vc.0, &hour, &rows]).await?.len();
        // The oldest come first, since segments are numbered as they are committed: nothing else is looked at.
        let forget = "DELETE FROM outcomes WHERE vc = $1 AND committed_at < $2 AND segment IN \
                      (SELECT segment FROM outcomes WHERE vc = $1 ORDER BY segment LIMIT $3) RETURNING 1";
        let before = now.before(OUTCOMES_KEPT).millis();
        let outcomes = self.pool.query(forget, &[&vc.0, &before, &rows]).await?.len();

        let mut transaction = Transaction::begin(&self.pool).await?;
        let gone = now.before(UPLOAD_HORIZON).millis();
        let find = "SELECT segment FROM segments WHERE vc = $1 AND state = 2 AND runs = 0 AND changed_at < $2 \
                    ORDER BY changed_at LIMIT $3 FOR UPDATE SKIP LOCKED";
        let found = transaction.query(find, &[&vc.0, &gone, &rows]).await?;
        let segments = found.iter().map(|row| row.try_get(0)).collect::<Result<Vec<i64>, _>>()?;
        for remove in [
            "DELETE FROM outcomes WHERE vc = $1 AND segment = ANY($2::BIGINT[])",
            "DELETE FROM segments WHERE vc = $1 AND segment = ANY($2::BIGINT[])",
        ] {
            transaction.execute(remove, &[&vc.0, &segments]).await?;
        }
        transaction.commit().await?;
        Ok(Expired { producers, outcomes, segments: segments.len() })
    }
}

/// The oldest runs that are past the limits, `limit` at most by the time that is given with it.
async fn to_trim(
    transaction: &mut Transaction<'_>,
    vc: Vc,
    head: Head,
    limits: RetentionLimits,
    (limit, now): (usize, Timestamp),
) -> Result<(Vec<OldRun>, bool), Trouble> {
    let oldest_kept = limits.age.map(|age| now.before(age).millis());
    let size_kept = limits.size.map(|size| i64::try_from(size.get()).unwrap_or(i64::MAX));
    let mut left = head.bytes;
    oldest_runs(transaction, vc, head.log, limit, |run| {
        let is_deleted = run.end_offset <= head.log_start.get();
        let is_old = oldest_kept.is_some_and(|oldest| run.max_timestamp < oldest);
        let is_beyond = size_kept.is_some_and(|size| left.saturating_sub(run.length) >= size);
        left = left.saturating_sub(run.length);
        is_deleted || is_old || is_beyond
    })
    .await
}

/// The oldest runs as long as they are to go, `limit` at most, and whether there are more.
async fn oldest_runs(
    transaction: &mut Transaction<'_>,
    vc: Vc,
    log: i64,
    limit: usize,
    mut goes: impl FnMut(&OldRun) -> bool,
) -> Result<(Vec<OldRun>, bool), Trouble> {
    let rows = transaction.query(OLDEST, &[&vc.0, &log, &rows_of(limit.saturating_add(1))]).await?;
    let mut old = Vec::new();
    for row in rows {
        let run = OldRun {
            end_offset: row.try_get(0)?,
            length: row.try_get(1)?,
            max_timestamp: row.try_get(2)?,
            running_max: row.try_get(3)?,
            segment: row.try_get(4)?,
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

/// Removes the oldest runs of a log, which starts at the offset that is given with the time. Returns how many bytes
/// they had. The log is locked.
async fn remove(
    transaction: &mut Transaction<'_>,
    vc: Vc,
    head: Head,
    old: &[OldRun],
    (log_start, now): (Offset, Timestamp),
) -> Result<ByteCount, Trouble> {
    let removed: i64 = old.iter().map(|run| run.length).sum();
    let is_empty = old.last().is_some_and(|last| last.end_offset == head.high_watermark.get());
    if let Some(last) = old.last() {
        let delete = "DELETE FROM runs WHERE vc = $1 AND log = $2 AND base_offset < $3";
        transaction.execute(delete, &[&vc.0, &head.log, &last.end_offset]).await?;
        segments::release(transaction, vc, old.iter().map(|run| run.segment), now).await?;
    }
    let delete = "DELETE FROM minutes WHERE vc = $1 AND log = $2 AND base_offset + offset_count <= $3";
    transaction.execute(delete, &[&vc.0, &head.log, &log_start.get()]).await?;
    // Of an empty log, what its records' timestamps were no longer matters.
    let update = "UPDATE logs SET log_start = $3, bytes = bytes - $4, \
                  trimmed_max = CASE WHEN $6 THEN NULL ELSE coalesce($5, trimmed_max) END, \
                  running_max = CASE WHEN $6 THEN NULL ELSE running_max END WHERE vc = $1 AND log = $2";
    let trimmed_max = old.last().map(|run| run.running_max);
    transaction
        .execute(update, &[&vc.0, &head.log, &log_start.get(), &removed, &trimmed_max, &is_empty])
        .await?;
    Ok(u64::try_from(removed).map_or(ByteCount::ZERO, ByteCount::new))
}

/// DeleteRecords, of all partitions or none.
pub(crate) async fn delete_records(
    store: &PostgresMetadataStore,
    vc: Vc,
    before: &[(TopicIdPartition, DeleteBefore)],
) -> Result<Vec<Result<Offset, RecordsKept>>, Trouble> {
    let mut transaction = Transaction::begin(&store.pool).await?;
    let now = store.time(&mut transaction).await?;
    // In the order of commits.
    let logs: BTreeSet<LogKey> = before.iter().map(|(log, _)| LogKey::from(*log)).collect();
    for LogKey { topic, partition } in logs {
        transaction.execute(LOCKED_HEAD, &[&vc.0, &topic, &i64::from(partition)]).await?;
    }
    let mut answers = Vec::with_capacity(before.len());
    for (log, before) in before {
        answers.push(delete_before(&mut transaction, vc, *log, *before, now).await?);
    }
    transaction.commit().await?;
    Ok(answers)
}

async fn delete_before(
    transaction: &mut Transaction<'_>,
    vc: Vc,
    log: TopicIdPartition,
    before: DeleteBefore,
    now: Timestamp,
) -> Result<Result<Offset, RecordsKept>, Trouble> {
    let Some(head) = head(transaction, HEAD, vc, log).await? else {
        return Ok(Err(RecordsKept::NoPartition));
    };
    let high_watermark = head.high_watermark;
    let log_start = match before {
        DeleteBefore::End => high_watermark,
        DeleteBefore::Offset(offset) if offset > high_watermark => {
            return Ok(Err(RecordsKept::OutOfRange { high_watermark }));
        }
        DeleteBefore::Offset(offset) => offset.max(head.log_start),
    };
    if log_start != head.log_start {
        let is_deleted = |run: &OldRun| run.end_offset <= log_start.get();
        let (old, _) = oldest_runs(transaction, vc, head.log, REMOVED_AT_ONCE, is_deleted).await?;
        remove(transaction, vc, head, &old, (log_start, now)).await?;
    }
    Ok(Ok(log_start))
}
