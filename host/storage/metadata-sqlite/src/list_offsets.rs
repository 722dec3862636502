use forebay_model::{Offset, Timestamp, TopicIdPartition};
use forebay_storage_metadata::{LogMissing, OffsetQuery, OffsetsFound, Run};
use rusqlite::{Connection, OptionalExtension as _, params};

use crate::commit::Head;
use crate::find::{self, RUN};
use crate::log::head;
use crate::rows::Vc;
use crate::trouble::Trouble;

/// The offset that a query asks for.
pub(crate) fn list(
    connection: &Connection,
    vc: Vc,
    log: TopicIdPartition,
    query: OffsetQuery,
) -> Result<Result<OffsetsFound, LogMissing>, Trouble> {
    let Some(head) = head(connection, vc, log)? else { return Ok(Err(LogMissing)) };
    let looking = Looking { connection, vc, head, trimmed_max: trimmed_max(connection, &head)? };
    let (run, from, at_least) = match query {
        OffsetQuery::Earliest => {
            return Ok(Ok(OffsetsFound::Offset { offset: head.log_start, timestamp: None }));
        }
        OffsetQuery::Latest => {
            return Ok(Ok(OffsetsFound::Offset { offset: head.high_watermark, timestamp: None }));
        }
        OffsetQuery::At { timestamp, from } => (
            looking.first_at(timestamp.millis(), from.max(head.log_start))?,
            from.max(head.log_start),
            timestamp,
        ),
        OffsetQuery::MaxTimestamp => {
            let run = looking.latest()?;
            let at_least = run.as_ref().map_or(Timestamp::NONE, |run| run.max_timestamp);
            (run, head.log_start, at_least)
        }
    };
    Ok(Ok(match run {
        None => OffsetsFound::None,
        Some(run) => match run.log_append_time {
            // All its records have that time.
            Some(time) => OffsetsFound::Offset { offset: run.base_offset.max(from), timestamp: Some(time) },
            None => OffsetsFound::Within { from: run.base_offset.max(from), run, at_least },
        },
    }))
}

struct Looking<'a> {
    connection: &'a Connection,
    vc: Vc,
    head: Head,
    trimmed_max: Option<i64>,
}

fn trimmed_max(connection: &Connection, head: &Head) -> Result<Option<i64>, Trouble> {
    let mut find = connection.prepare_cached("SELECT trimmed_max FROM logs WHERE log = ?1")?;
    Ok(find.query_row([head.row.0], |row| row.get(0))?)
}

impl Looking<'_> {
    /// The first run with a record at `from` or later whose latest timestamp is `at_least` or later.
    ///
    /// `running_max` never falls, so the first run that reaches a time is found by halving, and is the first whose own
    /// timestamps reach it: unless removed runs, or those before `from`, had reached it already. Then runs are looked
    /// at one by one.
    fn first_at(&self, at_least: i64, from: Offset) -> Result<Option<Run>, Trouble> {
        if self.head.running_max.is_none_or(|max| max < at_least) {
            return Ok(None);
        }
        let first = self.first_running(at_least)?;
        if self.trimmed_max.is_some_and(|max| max >= at_least)
            || first.is_some_and(|first| first < from.get())
        {
            return self.scan(at_least, from.get());
        }
        first.map_or(Ok(None), |base| self.run_at(base))
    }

    /// The first run that has the latest timestamp of all.
    fn latest(&self) -> Result<Option<Run>, Trouble> {
        let Some(max) = self.head.running_max else { return Ok(None) };
        if self.trimmed_max.is_none_or(|trimmed| trimmed < max)
            && let Some(run) = self.first_at(max, self.head.log_start)?
        {
            return Ok(Some(run));
        }
        // It was of a record that is deleted.
        let mut find = self.connection.prepare_cached(
            "SELECT base_offset FROM runs WHERE vc = ?1 AND log = ?2 AND end_offset > ?3 \
             ORDER BY max_timestamp DESC, base_offset LIMIT 1",
        )?;
        let log_start = self.head.log_start.get();
        let base: Option<i64> =
            find.query_row(params![self.vc.0, self.head.row.0, log_start], |row| row.get(0)).optional()?;
        base.map_or(Ok(None), |base| self.run_at(base))
    }

    /// The base offset of the first run whose `running_max` is `at_least` or later.
    fn first_running(&self, at_least: i64) -> Result<Option<i64>, Trouble> {
        let mut probe = self.connection.prepare_cached(
            "SELECT base_offset, end_offset, running_max FROM runs WHERE vc = ?1 AND log = ?2 \
             AND base_offset >= ?3 ORDER BY base_offset LIMIT 1",
        )?;
        // Runs that begin before `low` are too early; the first that is not begins before `high`, or is `best`.
        let (mut low, mut high) = (0, self.head.high_watermark.get());
        let mut best = None;
        while low < high {
            let middle = low + (high - low) / 2;
            let found: Option<(i64, i64, i64)> = probe
                .query_row(params![self.vc.0, self.head.row.0, middle], |row| row.try_into())
                .optional()?;
            match found {
                Some((base, end, running_max)) if running_max < at_least => low = end.max(base + 1),
                Some((base, ..)) => {
                    best = Some(base);
                    high = middle;
                }
                None => high = middle,
            }
        }
        Ok(best)
    }

    fn scan(&self, at_least: i64, from: i64) -> Result<Option<Run>, Trouble> {
        let mut find = self.connection.prepare_cached(
            "SELECT base_offset FROM runs WHERE vc = ?1 AND log = ?2 AND base_offset >= coalesce((SELECT base_offset \
             FROM runs WHERE vc = ?1 AND log = ?2 AND base_offset <= ?3 ORDER BY base_offset DESC LIMIT 1), ?3) \
             AND end_offset > ?3 AND max_timestamp >= ?4 ORDER BY base_offset LIMIT 1",
        )?;
        let found: Option<i64> = find
            .query_row(params![self.vc.0, self.head.row.0, from, at_least], |row| row.get(0))
            .optional()?;
        found.map_or(Ok(None), |base| self.run_at(base))
    }

    fn run_at(&self, base: i64) -> Result<Option<Run>, Trouble> {
        let mut find = self.connection.prepare_cached(&format!(
            "SELECT {RUN} FROM runs r \
             WHERE r.vc = ?1 AND r.log = ?2 AND r.base_offset = ?3"
        ))?;
        let mut rows = find.query(params![self.vc.0, self.head.row.0, base])?;
        rows.next()?.map(find::run).transpose()
    }
}
