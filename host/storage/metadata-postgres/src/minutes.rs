//! When offsets were committed, to the minute: for saying how late a consumer is.
//!
//! The row of a log holds the minute of its last commit. When a commit comes in a later one, what the minute before
//! had becomes a row of `minutes`. Rows of hours that are over become one, in the background (`merge`): a log has at
//! most some 120 rows of single minutes.

use forebay_model::{Offset, Timestamp, TopicIdPartition};
use forebay_storage_metadata::LogBounds;
use tokio_postgres::Row;

use crate::PostgresMetadataStore;
use crate::find;
use crate::rows::{LogKey, Vc, columns, limit as rows_of, place};
use crate::transaction::Transaction;
use crate::trouble::Trouble;

/// In milliseconds.
const MINUTE: i64 = 60_000;

/// Minutes in an hour.
const HOUR: i64 = 60;

pub(crate) const ABOUT: &str = "\
    SELECT k.place, l.log_start, l.high_watermark, l.minute, l.minute_base, \
           m.base_offset, m.offset_count, m.minute, m.minute_count, \
           coalesce($5::BIGINT, floor(extract(epoch FROM clock_timestamp()) * 1000)::BIGINT) \
    FROM unnest($2::UUID[], $3::BIGINT[], $4::BIGINT[]) WITH ORDINALITY AS k(topic, partition, wanted, place) \
    CROSS JOIN LATERAL (SELECT log, log_start, high_watermark, minute, minute_base FROM logs \
        WHERE vc = $1 AND topic = k.topic AND partition = k.partition AND NOT is_deleted LIMIT 1) AS l \
    LEFT JOIN LATERAL (SELECT base_offset, offset_count, minute, minute_count FROM minutes \
        WHERE vc = $1 AND log = l.log AND base_offset <= k.wanted ORDER BY base_offset DESC LIMIT 1) AS m ON TRUE";

/// About when the records at offsets were committed. Inside of a row, offsets are taken to have come evenly.
pub(crate) async fn committed_about(
    store: &PostgresMetadataStore,
    vc: Vc,
    records: &[(TopicIdPartition, Offset)],
) -> Result<Vec<Option<Timestamp>>, Trouble> {
    let (topics, partitions) = columns(records.iter().map(|(log, _)| LogKey::from(*log)));
    let wanted: Vec<i64> = records.iter().map(|(_, offset)| offset.get()).collect();
    let time = store.given_time();
    let rows = store.pool.query(ABOUT, &[&vc.0, &topics, &partitions, &wanted, &time]).await?;
    let mut answers = vec![None; records.len()];
    for row in rows {
        let at = place(row.try_get(0)?)?;
        let (Some(answer), Some((_, offset))) = (answers.get_mut(at), records.get(at)) else { continue };
        let bounds = find::bounds(&row, 1)?;
        if *offset < bounds.log_start || *offset >= bounds.high_watermark {
            continue;
        }
        *answer = about(&row, 3, (*offset, bounds), Timestamp::from_millis(row.try_get(9)?))?;
    }
    Ok(answers)
}

/// About when a record that is there was committed, by six columns from `at` on: the minute of the last commit and where
/// it begins, and the row of the index that begins at the record or before.
pub(crate) fn about(
    row: &Row,
    at: usize,
    (offset, bounds): (Offset, LogBounds),
    now: Timestamp,
) -> Result<Option<Timestamp>, Trouble> {
    let (minute, minute_base): (Option<i64>, i64) = (row.try_get(at)?, row.try_get(at + 1)?);
    if let Some(minute) = minute
        && offset.get() >= minute_base
    {
        let elapsed = (now.millis() - minute * MINUTE).clamp(0, MINUTE);
        let count = bounds.high_watermark.get() - minute_base;
        return Ok(Some(between(minute, offset.get() - minute_base, count, elapsed)));
    }
    let Some(base) = row.try_get::<_, Option<i64>>(at + 2)? else { return Ok(None) };
    let (count, minute, minutes): (i64, i64, i64) =
        (row.try_get(at + 3)?, row.try_get(at + 4)?, row.try_get(at + 5)?);
    Ok(Some(between(minute, offset.get() - base, count, minutes.saturating_mul(MINUTE))))
}

/// The time of the `nth` of `count` offsets that came in `span` milliseconds from `minute` on.
fn between(minute: i64, nth: i64, count: i64, span: i64) -> Timestamp {
    let part = i128::from(nth.clamp(0, count)) * i128::from(span) / i128::from(count.max(1));
    Timestamp::from_millis((minute * MINUTE).saturating_add(i64::try_from(part).unwrap_or(span)))
}

/// Makes one row of those of each hour that has been over for an hour, of `limit` hours of logs at most.
pub(crate) async fn merge(
    transaction: &mut Transaction<'_>,
    vc: Vc,
    now: Timestamp,
    limit: usize,
) -> Result<(), Trouble> {
    let before = (now.millis().div_euclid(MINUTE).div_euclid(HOUR) - 1) * HOUR;
    // Who else does it at the same time takes other rows.
    let oldest = "SELECT log, minute / 60 FROM minutes WHERE vc = $1 AND NOT is_hour AND minute < $2 \
                  ORDER BY minute LIMIT $3 FOR UPDATE SKIP LOCKED";
    let rows = transaction.query(oldest, &[&vc.0, &before, &rows_of(limit)]).await?;
    let mut hours = std::collections::BTreeSet::new();
    for row in &rows {
        hours.insert((row.try_get::<_, i64>(0)?, row.try_get::<_, i64>(1)?));
    }
    let (logs, hours): (Vec<i64>, Vec<i64>) = hours.into_iter().unzip();
    // All rows of the hour are there: none is added to an hour that is over.
    let parts = "SELECT m.log, min(m.base_offset), max(m.base_offset + m.offset_count), min(m.minute), \
                 max(m.minute + m.minute_count) FROM unnest($2::BIGINT[], $3::BIGINT[]) AS h(log, hour) \
                 JOIN minutes m ON m.vc = $1 AND m.log = h.log AND NOT m.is_hour \
                 AND m.minute >= h.hour * 60 AND m.minute < h.hour * 60 + 60 GROUP BY m.log, h.hour";
    let mut merged: [Vec<i64>; 5] = Default::default();
    for row in transaction.query(parts, &[&vc.0, &logs, &hours]).await? {
        for (column, values) in merged.iter_mut().enumerate() {
            values.push(row.try_get(column)?);
        }
    }
    let [logs, bases, ends, firsts, afters] = &merged;
    let remove = "DELETE FROM minutes m USING unnest($2::BIGINT[], $3::BIGINT[], $4::BIGINT[]) AS h(log, base, until) \
                  WHERE m.vc = $1 AND m.log = h.log AND m.base_offset > h.base AND m.base_offset < h.until";
    transaction.execute(remove, &[&vc.0, logs, bases, ends]).await?;
    let update = "UPDATE minutes m SET offset_count = h.until - h.base, minute_count = h.after - h.first, is_hour = TRUE \
                  FROM unnest($2::BIGINT[], $3::BIGINT[], $4::BIGINT[], $5::BIGINT[], $6::BIGINT[]) \
                  AS h(log, base, until, first, after) \
                  WHERE m.vc = $1 AND m.log = h.log AND m.base_offset = h.base";
    transaction.execute(update, &[&vc.0, logs, bases, ends, firsts, afters]).await?;
    Ok(())
}
