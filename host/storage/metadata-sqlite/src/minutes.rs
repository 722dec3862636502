//! When offsets were committed, to the minute: for saying how late a consumer is.
//!
//! The row of a log holds the minute of its last commit. When a commit comes in a later one, what the minute before
//! had becomes a row of `minutes`; at the first commit of an hour the rows of the last hour but one become one. So a log
//! has at most some 120 rows, and one for each hour.

use forebay_model::{Offset, Timestamp};
use rusqlite::{Connection, OptionalExtension as _, params};

use crate::commit::Head;
use crate::rows::{LogRow, Vc};
use crate::trouble::Trouble;

/// In milliseconds.
pub(crate) const MINUTE: i64 = 60_000;

/// Minutes in an hour.
const HOUR: i64 = 60;

/// What the row of the log says after a commit in `minute`, before which the log ended at `before`.
pub(crate) fn advance(
    connection: &Connection,
    vc: Vc,
    head: &Head,
    before: Offset,
    minute: i64,
) -> Result<(i64, Offset), Trouble> {
    let Some(last) = head.minute else { return Ok((minute, before)) };
    if minute <= last {
        // The same one, or the clock was set back.
        return Ok((last, head.minute_base));
    }
    let count = i64::try_from(before.since(head.minute_base)).unwrap_or(i64::MAX);
    if count > 0 {
        let mut insert = connection.prepare_cached(
            "INSERT INTO minutes (vc, log, base_offset, offset_count, minute, minute_count) \
             VALUES (?1, ?2, ?3, ?4, ?5, 1)",
        )?;
        insert.execute(params![vc.0, head.row.0, head.minute_base.get(), count, last])?;
    }
    let (hour, last_hour) = (minute.div_euclid(HOUR), last.div_euclid(HOUR));
    if hour > last_hour {
        merge(connection, vc, head.row, (last_hour - 1) * HOUR)?;
    }
    if hour > last_hour + 1 {
        merge(connection, vc, head.row, last_hour * HOUR)?;
    }
    Ok((minute, before))
}

/// Makes one row of those before the end of the hour that begins at `from`.
fn merge(connection: &Connection, vc: Vc, log: LogRow, from: i64) -> Result<(), Trouble> {
    let mut last_rows = connection.prepare_cached(
        "SELECT base_offset, offset_count, minute, minute_count FROM minutes WHERE vc = ?1 AND log = ?2 \
         ORDER BY base_offset DESC LIMIT 121",
    )?;
    let rows = last_rows
        .query_map(params![vc.0, log.0], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)))?
        .collect::<Result<Vec<(i64, i64, i64, i64)>, _>>()?;
    let mut hour = rows.into_iter().filter(|(_, _, minute, _)| (from..from + HOUR).contains(minute));
    let Some((mut base, count, last, minutes)) = hour.next() else { return Ok(()) };
    let end = base.saturating_add(count);
    let (mut first, after) = (last, last + minutes);
    let mut remove = connection.prepare_cached(
        "DELETE FROM minutes WHERE vc = ?1 AND log = ?2 AND base_offset > ?3 AND base_offset < ?4",
    )?;
    for (earlier, _, minute, _) in hour {
        base = earlier;
        first = minute;
    }
    remove.execute(params![vc.0, log.0, base, end])?;
    let mut update = connection.prepare_cached(
        "UPDATE minutes SET offset_count = ?4, minute_count = ?5 WHERE vc = ?1 AND log = ?2 AND base_offset = ?3",
    )?;
    update.execute(params![vc.0, log.0, base, end - base, after - first])?;
    Ok(())
}

/// About when the record at `offset` was committed. Inside of a row, offsets are taken to have come evenly.
pub(crate) fn committed_about(
    connection: &Connection,
    vc: Vc,
    head: &Head,
    offset: Offset,
    now: Timestamp,
) -> Result<Option<Timestamp>, Trouble> {
    if offset < head.log_start || offset >= head.high_watermark {
        return Ok(None);
    }
    if let Some(minute) = head.minute
        && offset >= head.minute_base
    {
        let elapsed = (now.millis() - minute * MINUTE).clamp(0, MINUTE);
        let count = head.high_watermark.get() - head.minute_base.get();
        return Ok(Some(between(minute, offset.get() - head.minute_base.get(), count, elapsed)));
    }
    let mut find = connection.prepare_cached(
        "SELECT base_offset, offset_count, minute, minute_count FROM minutes \
         WHERE vc = ?1 AND log = ?2 AND base_offset <= ?3 ORDER BY base_offset DESC LIMIT 1",
    )?;
    let found = find.query_row(params![vc.0, head.row.0, offset.get()], |row| {
        Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?, row.get::<_, i64>(2)?, row.get::<_, i64>(3)?))
    });
    let Some((base, count, minute, minutes)) = found.optional()? else { return Ok(None) };
    Ok(Some(between(minute, offset.get() - base, count, minutes.saturating_mul(MINUTE))))
}

/// The time of the `nth` of `count` offsets that came in `span` milliseconds from `minute` on.
fn between(minute: i64, nth: i64, count: i64, span: i64) -> Timestamp {
    let part = i128::from(nth.clamp(0, count)) * i128::from(span) / i128::from(count.max(1));
    Timestamp::from_millis((minute * MINUTE).saturating_add(i64::try_from(part).unwrap_or(span)))
}
