use forebay_model::{Offset, Timestamp, TopicIdPartition};
use forebay_storage_metadata::{LogMissing, OffsetQuery, OffsetsFound, Run};
use tokio_postgres::types::ToSql;

use crate::find;
use crate::pool::Pool;
use crate::rows::{LogKey, Vc, columns, place};
use crate::transaction::Transaction;
use crate::trouble::Trouble;

pub(crate) const LOGS: &str = "\
    SELECT k.place, l.log_start, l.high_watermark, l.log, l.running_max, l.trimmed_max \
    FROM unnest($2::UUID[], $3::BIGINT[]) WITH ORDINALITY AS k(topic, partition, place) \
    CROSS JOIN LATERAL (SELECT log, log_start, high_watermark, running_max, trimmed_max FROM logs \
        WHERE vc = $1 AND topic = k.topic AND partition = k.partition AND NOT is_deleted LIMIT 1) AS l";

/// The first run that begins at `$3` or behind and has `running_max` of `$4` or later, by halving what is between 0
/// and `$3`: `running_max` never falls.
pub(crate) const HALVING: &str = "\
    WITH RECURSIVE halving(low, high, best) AS ( \
        SELECT 0::BIGINT, $3::BIGINT, NULL::BIGINT \
        UNION ALL \
        SELECT CASE WHEN p.running_max < $4 THEN greatest(p.end_offset, p.base_offset + 1) ELSE h.low END, \
               CASE WHEN p.running_max < $4 THEN h.high ELSE h.low + (h.high - h.low) / 2 END, \
               CASE WHEN p.running_max >= $4 THEN p.base_offset END \
        FROM halving h LEFT JOIN LATERAL (SELECT base_offset, end_offset, running_max FROM runs \
            WHERE vc = $1 AND log = $2 AND base_offset >= h.low + (h.high - h.low) / 2 \
            ORDER BY base_offset LIMIT 1) AS p ON TRUE \
        WHERE h.low < h.high) \
    SELECT min(best) FROM halving";

/// Runs are looked at one by one from `$3` on.
pub(crate) const SCAN: &str = "\
    SELECT base_offset FROM runs WHERE vc = $1 AND log = $2 AND base_offset >= coalesce((SELECT base_offset FROM runs \
        WHERE vc = $1 AND log = $2 AND base_offset <= $3 ORDER BY base_offset DESC LIMIT 1), $3) \
    AND end_offset > $3 AND max_timestamp >= $4 ORDER BY base_offset LIMIT 1";

const LATEST: &str = "SELECT base_offset FROM runs WHERE vc = $1 AND log = $2 AND end_offset > $3 \
                      ORDER BY max_timestamp DESC, base_offset LIMIT 1";

pub(crate) const RUN: &str = "\
    SELECT r.base_offset, r.end_offset, r.position, r.length, r.max_timestamp, r.log_append_time, \
           (SELECT s.name FROM segments s WHERE s.vc = $1 AND s.segment = r.segment) AS name \
    FROM runs r WHERE r.vc = $1 AND r.log = $2 AND r.base_offset = $3";

/// A partition as queries by time need it.
#[derive(Debug, Clone, Copy)]
struct Head {
    log: i64,
    log_start: Offset,
    high_watermark: Offset,
    running_max: Option<i64>,
    trimmed_max: Option<i64>,
}

/// The offsets that queries ask for, in their order.
pub(crate) async fn list(
    pool: &Pool,
    vc: Vc,
    queries: &[(TopicIdPartition, OffsetQuery)],
) -> Result<Vec<Result<OffsetsFound, LogMissing>>, Trouble> {
    let mut transaction = Transaction::snapshot(pool).await?;
    let (topics, partitions) = columns(queries.iter().map(|(log, _)| LogKey::from(*log)));
    let mut heads: Vec<Option<Head>> = vec![None; queries.len()];
    for row in transaction.query(LOGS, &[&vc.0, &topics, &partitions]).await? {
        let bounds = find::bounds(&row, 1)?;
        let head = Head {
            log: row.try_get(3)?,
            log_start: bounds.log_start,
            high_watermark: bounds.high_watermark,
            running_max: row.try_get(4)?,
            trimmed_max: row.try_get(5)?,
        };
        if let Some(at) = heads.get_mut(place(row.try_get(0)?)?) {
            *at = Some(head);
        }
    }
    let mut answers = Vec::with_capacity(queries.len());
    for ((_, query), head) in queries.iter().zip(heads) {
        answers.push(match head {
            None => Err(LogMissing),
            Some(head) => Ok(Looking { transaction: &mut transaction, vc, head }.find(*query).await?),
        });
    }
    transaction.commit().await?;
    Ok(answers)
}

struct Looking<'a, 'p> {
    transaction: &'a mut Transaction<'p>,
    vc: Vc,
    head: Head,
}

impl Looking<'_, '_> {
    async fn find(&mut self, query: OffsetQuery) -> Result<OffsetsFound, Trouble> {
        let head = self.head;
        let (run, from, at_least) = match query {
            OffsetQuery::Earliest => {
                return Ok(OffsetsFound::Offset { offset: head.log_start, timestamp: None });
            }
            OffsetQuery::Latest => {
                return Ok(OffsetsFound::Offset { offset: head.high_watermark, timestamp: None });
            }
            OffsetQuery::At { timestamp, from } => {
                let from = from.max(head.log_start);
                (self.first_at(timestamp.millis(), from).await?, from, timestamp)
            }
            OffsetQuery::MaxTimestamp => {
                let run = self.latest().await?;
                let at_least = run.as_ref().map_or(Timestamp::NONE, |run| run.max_timestamp);
                (run, head.log_start, at_least)
            }
        };
        Ok(match run {
            None => OffsetsFound::None,
            Some(run) => match run.log_append_time {
                // All its records have that time.
                Some(time) => {
                    OffsetsFound::Offset { offset: run.base_offset.max(from), timestamp: Some(time) }
                }
                None => OffsetsFound::Within { from: run.base_offset.max(from), run, at_least },
            },
        })
    }

    /// The first run with a record at `from` or later whose latest timestamp is `at_least` or later.
    ///
    /// The first run whose `running_max` reaches a time is the first whose own timestamps reach it: unless removed
    /// runs, or those before `from`, had reached it already. Then runs are looked at one by one.
    async fn first_at(&mut self, at_least: i64, from: Offset) -> Result<Option<Run>, Trouble> {
        if self.head.running_max.is_none_or(|max| max < at_least) {
            return Ok(None);
        }
        let first = self.base(HALVING, &[&self.head.high_watermark.get(), &at_least]).await?;
        let base = if self.head.trimmed_max.is_some_and(|max| max >= at_least)
            || first.is_some_and(|first| first < from.get())
        {
            self.base(SCAN, &[&from.get(), &at_least]).await?
        } else {
            first
        };
        self.run_at(base).await
    }

    /// The first run that has the latest timestamp of all.
    async fn latest(&mut self) -> Result<Option<Run>, Trouble> {
        let Some(max) = self.head.running_max else { return Ok(None) };
        if self.head.trimmed_max.is_none_or(|trimmed| trimmed < max)
            && let Some(run) = self.first_at(max, self.head.log_start).await?
        {
            return Ok(Some(run));
        }
        // It was of a record that is deleted.
        let base = self.base(LATEST, &[&self.head.log_start.get()]).await?;
        self.run_at(base).await
    }

    /// A base offset of this log by a statement that tells one.
    async fn base(
        &mut self,
        sql: &'static str,
        more: &[&(dyn ToSql + Sync)],
    ) -> Result<Option<i64>, Trouble> {
        let mut parameters: Vec<&(dyn ToSql + Sync)> = vec![&self.vc.0, &self.head.log];
        parameters.extend(more);
        let row = self.transaction.query_first(sql, &parameters).await?;
        Ok(row.map(|row| row.try_get(0)).transpose()?.flatten())
    }

    async fn run_at(&mut self, base: Option<i64>) -> Result<Option<Run>, Trouble> {
        let Some(base) = base else { return Ok(None) };
        let row = self.transaction.query_first(RUN, &[&self.vc.0, &self.head.log, &base]).await?;
        row.map_or(Ok(None), |row| find::run(&row, 0))
    }
}

/// Where logs start and end. `None` for those that do not exist.
pub(crate) async fn bounds(
    pool: &Pool,
    vc: Vc,
    logs: &[TopicIdPartition],
) -> Result<Vec<Option<forebay_storage_metadata::LogBounds>>, Trouble> {
    let (topics, partitions) = columns(logs.iter().map(|log| LogKey::from(*log)));
    let mut answers = vec![None; logs.len()];
    for row in pool.query(LOGS, &[&vc.0, &topics, &partitions]).await? {
        if let Some(answer) = answers.get_mut(place(row.try_get(0)?)?) {
            *answer = Some(find::bounds(&row, 1)?);
        }
    }
    Ok(answers)
}
