//! Where records lie. The index is read in pages that begin where the reader is and end with its budget: how far a
//! reader is behind, and how long a log is, does not matter.

use forebay_model::{ByteCount, Offset};
use forebay_storage_metadata::{FindFrom, FindRefusal, Found, LogBounds, Run};
use tokio_postgres::Row;

use crate::pool::Pool;
use crate::rows::{LogKey, Vc, bytes, columns, offset, place, segment_name, time};
use crate::trouble::Trouble;

/// Runs from an offset on, of each partition: the place in the question, the bounds, and a run if there is one. A page
/// has `$5` runs of each at most. That there are never more than 512 is said as a number too: a planner that knows the
/// limit only as a parameter expects a part of the whole log, which PostgreSQL would compile code for, each time, and that
/// takes a hundred times as long as the look-up.
pub(crate) const PAGE: &str = "\
    SELECT k.place, l.log_start, l.high_watermark, \
           r.base_offset, r.end_offset, r.position, r.length, r.max_timestamp, r.log_append_time, \
           (SELECT s.name FROM segments s WHERE s.vc = $1 AND s.segment = r.segment) AS name \
    FROM unnest($2::UUID[], $3::BIGINT[], $4::BIGINT[]) WITH ORDINALITY AS k(topic, partition, wanted, place) \
    CROSS JOIN LATERAL (SELECT log, log_start, high_watermark FROM logs \
        WHERE vc = $1 AND topic = k.topic AND partition = k.partition AND NOT is_deleted LIMIT 1) AS l \
    LEFT JOIN LATERAL (SELECT * FROM ( \
        SELECT base_offset, end_offset, segment, position, length, max_timestamp, log_append_time \
        FROM runs WHERE vc = $1 AND log = l.log AND k.wanted >= l.log_start AND k.wanted < l.high_watermark \
        AND base_offset >= coalesce((SELECT base_offset FROM runs WHERE vc = $1 AND log = l.log \
            AND base_offset <= k.wanted ORDER BY base_offset DESC LIMIT 1), k.wanted) \
        ORDER BY base_offset LIMIT 512) AS page LIMIT $5) AS r ON TRUE \
    ORDER BY k.place, r.base_offset";

/// How many rows a page has, about.
const PAGE_ROWS: usize = 2_048;
/// How many runs of a partition the first page has, and any later one: as many as [`PAGE`] gives at most.
const FIRST: usize = 16;
const LATER: usize = 512;

/// What was found of a partition so far.
struct Finding {
    bounds: LogBounds,
    runs: Vec<Run>,
    /// How many rows the page had for it.
    rows: usize,
    /// Whether the page ended before the runs did.
    is_more: bool,
}

/// Where records lie from offsets on.
pub(crate) async fn find(
    pool: &Pool,
    vc: Vc,
    from: &[FindFrom],
    max_bytes: ByteCount,
) -> Result<Vec<Result<Found, FindRefusal>>, Trouble> {
    let each = (PAGE_ROWS / from.len().max(1)).clamp(2, FIRST);
    let found = page(pool, vc, from, each).await?;
    let mut left = max_bytes.get();
    let mut has_run = false;
    let mut answers = Vec::with_capacity(from.len());
    for (from, found) in from.iter().zip(found) {
        let Some(Finding { bounds, mut runs, mut is_more, .. }) = found else {
            answers.push(Err(FindRefusal::NoPartition));
            continue;
        };
        if from.offset < bounds.log_start || from.offset > bounds.high_watermark {
            answers.push(Err(FindRefusal::OutOfRange(bounds)));
            continue;
        }
        let wanted = left.min(from.max_bytes.get());
        // Without a budget, only the first run of all is told: a batch larger than it must be readable.
        if wanted == 0 && has_run {
            runs.clear();
        }
        let mut total = cut(&mut runs, wanted);
        while is_more && total < wanted {
            let Some(next) = runs.last().map(|run| run.end_offset) else { break };
            let next = FindFrom { offset: next, ..*from };
            let Some(more) = page(pool, vc, &[next], LATER).await?.pop().flatten() else { break };
            // What is not right behind was removed in between, or its topic was.
            if more.runs.first().is_none_or(|run| run.base_offset != next.offset) {
                break;
            }
            is_more = more.is_more && next.offset < bounds.high_watermark;
            // What was committed since is past the end that is told.
            runs.extend(more.runs.into_iter().filter(|run| run.base_offset < bounds.high_watermark));
            total = cut(&mut runs, wanted);
        }
        left = left.saturating_sub(total);
        has_run |= !runs.is_empty();
        answers.push(Ok(Found { bounds, runs }));
    }
    Ok(answers)
}

/// Leaves as many runs as it takes to have `wanted` bytes, one at least. Returns how many they have.
fn cut(runs: &mut Vec<Run>, wanted: u64) -> u64 {
    let mut total = 0_u64;
    let mut kept = 0;
    for run in runs.iter() {
        total = total.saturating_add(run.length.get());
        kept += 1;
        if total >= wanted {
            break;
        }
    }
    runs.truncate(kept);
    total
}

async fn page(pool: &Pool, vc: Vc, from: &[FindFrom], each: usize) -> Result<Vec<Option<Finding>>, Trouble> {
    let (topics, partitions) = columns(from.iter().map(|from| LogKey::from(from.log)));
    let wanted: Vec<i64> = from.iter().map(|from| from.offset.get()).collect();
    let limit = crate::rows::limit(each);
    let rows = pool.query(PAGE, &[&vc.0, &topics, &partitions, &wanted, &limit]).await?;
    let mut found: Vec<Option<Finding>> = from.iter().map(|_| None).collect();
    for row in &rows {
        let at = place(row.try_get(0)?)?;
        let (Some(found), Some(from)) = (found.get_mut(at), from.get(at)) else { continue };
        let bounds = bounds(row, 1)?;
        let found =
            found.get_or_insert_with(|| Finding { bounds, runs: Vec::new(), rows: 0, is_more: false });
        if let Some(run) = run(row, 3)? {
            // The one that begins before may end before as well.
            if run.end_offset > from.offset {
                found.runs.push(run);
            }
        }
        found.rows += 1;
        found.is_more = found.rows >= each;
    }
    Ok(found)
}

/// Where a log starts and ends, in two columns from `at` on.
pub(crate) fn bounds(row: &Row, at: usize) -> Result<LogBounds, Trouble> {
    Ok(LogBounds {
        log_start: offset("logs.log_start", row.try_get(at)?)?,
        high_watermark: offset("logs.high_watermark", row.try_get(at + 1)?)?,
    })
}

/// Base offset, end offset, position, length, latest timestamp, log append time and the name of the segment, in
/// columns from `at` on; all NULL where there is no run.
pub(crate) fn run(row: &Row, at: usize) -> Result<Option<Run>, Trouble> {
    let Some(base_offset) = row.try_get::<_, Option<i64>>(at)? else { return Ok(None) };
    let name: Option<&str> = row.try_get(at + 6)?;
    let name = name.ok_or_else(|| Trouble::Corrupt(format!("the run at {base_offset} has no segment")))?;
    Ok(Some(Run {
        base_offset: Offset::new(base_offset)
            .map_err(|_| Trouble::number("runs.base_offset", base_offset))?,
        end_offset: offset("runs.end_offset", row.try_get(at + 1)?)?,
        position: bytes("runs.position", row.try_get(at + 2)?)?,
        length: bytes("runs.length", row.try_get(at + 3)?)?,
        max_timestamp: forebay_model::Timestamp::from_millis(row.try_get(at + 4)?),
        log_append_time: time(row.try_get(at + 5)?),
        segment: segment_name(name)?,
    }))
}
