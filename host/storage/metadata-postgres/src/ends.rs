//! Waiting for logs to go on.

use std::time::Duration;

use async_trait::async_trait;
use forebay_model::{Offset, TopicIdPartition};
use forebay_storage_metadata::{LogBounds, StoreFailure};

use crate::find;
use crate::pool::Pool;
use crate::rows::{LogKey, Vc, columns, place};
use crate::trouble::Trouble;
use crate::watch::{Seen, Watch, Watched};

/// Where logs start and end.
#[derive(Debug)]
pub(crate) enum Ends {}

/// Logs that end elsewhere than at `$4`, or do not exist: the place in the question, and the bounds.
pub(crate) const CHANGED: &str = "\
    SELECT k.place, l.log_start, l.high_watermark \
    FROM unnest($1::BIGINT[], $2::UUID[], $3::BIGINT[], $4::BIGINT[]) WITH ORDINALITY \
        AS k(vc, topic, partition, seen, place) \
    LEFT JOIN LATERAL (SELECT log_start, high_watermark FROM logs \
        WHERE vc = k.vc AND topic = k.topic AND partition = k.partition AND NOT is_deleted LIMIT 1) AS l ON TRUE \
    WHERE l.high_watermark IS NULL OR l.high_watermark <> k.seen";

#[async_trait]
impl Watched for Ends {
    type Key = (Vc, LogKey);
    type Sight = LogBounds;

    /// Consumers wait for it.
    const PAUSE: Duration = Duration::from_millis(15);

    async fn ask(pool: &Pool, question: &[Seen<Self>]) -> Result<Vec<(usize, Option<LogBounds>)>, Trouble> {
        let vcs: Vec<i64> = question.iter().map(|((vc, _), _)| vc.0).collect();
        let (topics, partitions) = columns(question.iter().map(|((_, log), _)| *log));
        // No log ends at -1, so that what has not been seen is told.
        let ends =
            question.iter().map(|(_, seen)| seen.flatten().map_or(-1, |seen| seen.high_watermark.get()));
        let ends: Vec<i64> = ends.collect();
        let rows = pool.query(CHANGED, &[&vcs, &topics, &partitions, &ends]).await?;
        let read = |row: &tokio_postgres::Row| {
            let is_there = row.try_get::<_, Option<i64>>(2)?.is_some();
            let bounds = if is_there { Some(find::bounds(row, 1)?) } else { None };
            Ok((place(row.try_get(0)?)?, bounds))
        };
        rows.iter().map(read).collect()
    }
}

/// Waits for one of the logs to end elsewhere than is known.
pub(crate) async fn watch(
    watch: &Watch<Ends>,
    vc: Vc,
    known: Vec<(TopicIdPartition, Offset)>,
    timeout: Duration,
) -> Result<Vec<(TopicIdPartition, Option<LogBounds>)>, StoreFailure> {
    let keys = known.iter().map(|(log, _)| (vc, LogKey::from(*log))).collect();
    let has_changed = |place: usize, bounds: &Option<LogBounds>| {
        let known = known.get(place).map(|(_, known)| *known);
        bounds.map(|bounds| bounds.high_watermark) != known
    };
    let changed = watch.until(keys, timeout, has_changed).await?;
    let told = |(place, bounds): (usize, Option<LogBounds>)| Some((known.get(place)?.0, bounds));
    Ok(changed.into_iter().filter_map(told).collect())
}
