use forebay_model::{ByteCount, Offset};
use forebay_storage_metadata::{FindFrom, FindRefusal, Found, LogBounds, Run};
use rusqlite::{Connection, Row, params};

use crate::log::head;
use crate::rows::{LogRow, Vc, bytes, offset, segment_name, time};
use crate::trouble::Trouble;

/// The columns that [`run`] reads. Segments are not joined: once it knows how many rows the tables have, SQLite would
/// take all segments first and sort their runs, or make a filter of all of them.
pub(crate) const RUN: &str = "r.base_offset, r.end_offset, r.position, r.length, r.max_timestamp, r.log_append_time, \
     (SELECT name FROM segments WHERE segment = r.segment)";

/// Where records lie from offsets on.
pub(crate) fn find(
    connection: &Connection,
    vc: Vc,
    from: &[FindFrom],
    max_bytes: ByteCount,
) -> Result<Vec<Result<Found, FindRefusal>>, Trouble> {
    let mut left = max_bytes.get();
    let mut has_run = false;
    let mut answers = Vec::with_capacity(from.len());
    for from in from {
        let Some(head) = head(connection, vc, from.log)? else {
            answers.push(Err(FindRefusal::NoPartition));
            continue;
        };
        let bounds = LogBounds { log_start: head.log_start, high_watermark: head.high_watermark };
        if from.offset < bounds.log_start || from.offset > bounds.high_watermark {
            answers.push(Err(FindRefusal::OutOfRange(bounds)));
            continue;
        }
        let wanted = left.min(from.max_bytes.get());
        let mut runs = Vec::new();
        // Without a budget, only the first run of all is told: a batch larger than it must be readable.
        if from.offset < bounds.high_watermark && (wanted > 0 || !has_run) {
            runs = runs_from(connection, vc, head.row, from.offset, wanted)?;
        }
        let found: u64 = runs.iter().map(|run| run.length.get()).sum();
        left = left.saturating_sub(found);
        has_run |= !runs.is_empty();
        answers.push(Ok(Found { bounds, runs }));
    }
    Ok(answers)
}

/// Runs from the one that has `from` on, until they have `wanted` bytes: one at least.
fn runs_from(
    connection: &Connection,
    vc: Vc,
    log: LogRow,
    from: Offset,
    wanted: u64,
) -> Result<Vec<Run>, Trouble> {
    let mut find = connection.prepare_cached(&from_statement())?;
    let mut rows = find.query(params![vc.0, log.0, from.get()])?;
    let mut runs = Vec::new();
    let mut total = 0_u64;
    while let Some(row) = rows.next()? {
        let run = run(row)?;
        if run.end_offset <= from {
            continue;
        }
        total = total.saturating_add(run.length.get());
        runs.push(run);
        if total >= wanted {
            break;
        }
    }
    Ok(runs)
}

fn from_statement() -> String {
    format!(
        "SELECT {RUN} FROM runs r WHERE r.vc = ?1 AND r.log = ?2 \
         AND r.base_offset >= coalesce((SELECT base_offset FROM runs WHERE vc = ?1 AND log = ?2 \
         AND base_offset <= ?3 ORDER BY base_offset DESC LIMIT 1), ?3) ORDER BY r.base_offset"
    )
}

/// A row of [`RUN`].
pub(crate) fn run(row: &Row<'_>) -> Result<Run, Trouble> {
    Ok(Run {
        base_offset: offset("runs.base_offset", row.get(0)?)?,
        end_offset: offset("runs.end_offset", row.get(1)?)?,
        position: bytes("runs.position", row.get(2)?)?,
        length: bytes("runs.length", row.get(3)?)?,
        max_timestamp: forebay_model::Timestamp::from_millis(row.get(4)?),
        log_append_time: time(row.get(5)?),
        segment: segment_name(row.get_ref(6)?.as_str().map_err(rusqlite::Error::from)?)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::migrations::migrate;

    #[test]
    fn what_lies_behind_the_answer_is_not_read() {
        let mut connection = Connection::open_in_memory().unwrap();
        migrate(&mut connection, 0).unwrap();
        // What it knows of the tables when one log has long had most of them.
        let rows = "WITH RECURSIVE n(x) AS (SELECT 0 UNION ALL SELECT x + 1 FROM n WHERE x < 9999)";
        let fill = format!(
            "{rows} INSERT INTO segments (segment, vc, name, state, size, runs, changed_at, commit_id, committed_at) \
             SELECT x, 1, x, 0, 1, 1000, 0, randomblob(16), 0 FROM n WHERE x < 10; \
             {rows} INSERT INTO runs (vc, log, base_offset, end_offset, segment, position, length, max_timestamp, \
             running_max) SELECT 1, 1, x, x + 1, x / 1000, 0, 1, 0, 0 FROM n; ANALYZE;"
        );
        connection.execute_batch(&fill).unwrap();
        let mut explain = connection.prepare(&format!("EXPLAIN QUERY PLAN {}", from_statement())).unwrap();
        let steps = explain.query_map(params![1, 1, 1], |row| row.get::<_, String>(3)).unwrap();
        let steps: Vec<String> = steps.map(Result::unwrap).collect();
        let wanted =
            ["r USING PRIMARY KEY (vc=", "runs USING PRIMARY KEY (vc=", "segments USING INTEGER PRIMARY KEY"];
        for (table, searches) in
            wanted.map(|table| (table, steps.iter().filter(|step| step.contains(table)).count()))
        {
            assert_eq!(searches, 1, "{table} in {steps:?}");
        }
        // Nothing but these: no sorting, no filter or index that is made of a whole table.
        assert!(
            steps.iter().all(|step| step.starts_with("SEARCH ") || step.contains("SCALAR SUBQUERY")),
            "{steps:?}"
        );
    }
}
