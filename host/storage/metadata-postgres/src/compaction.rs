//! Runs that are replaced by others. Locks are taken in the order in which commits and retention take them: the lease,
//! the partitions by their keys, then segments by their numbers. No lock of a partition is held for longer than it takes
//! to exchange its rows: the caller bounds how many there are.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use async_trait::async_trait;
use forebay_model::{
    Offset, PartitionId, SegmentName, Timestamp, TopicId, TopicIdPartition, VirtualClusterId,
};
use forebay_storage_metadata::{
    CompactedSegment, Compaction, CompactionError, Extent, Lease, Replaced, Replacement, Run, SegmentLevel,
    SegmentSummary, StoreFailure, UPLOAD_HORIZON,
};

use crate::PostgresMetadataStore;
use crate::find;
use crate::jobs::is_held;
use crate::rows::{LogKey, Vc, bytes, columns, limit as rows_of, of_bytes, offset, place, segment_name};
use crate::segments::{self, State};
use crate::transaction::Transaction;
use crate::tries::tried;
use crate::trouble::Trouble;

pub(crate) const COMPACTABLE: &str = "\
    SELECT name, size, runs, committed_at FROM segments WHERE vc = $1 AND level = $2 AND state = 0 AND level < 2 \
    AND committed_at <= $3 AND runs > 0 ORDER BY committed_at, segment LIMIT $4";
pub(crate) const RUNS_IN: &str = "\
    SELECT r.base_offset, r.end_offset, r.position, r.length, r.max_timestamp, r.log_append_time, s.name, \
           l.topic, l.partition \
    FROM unnest($2::TEXT[]) AS k(name) \
    CROSS JOIN LATERAL (SELECT segment, name FROM segments WHERE vc = $1 AND name = k.name LIMIT 1) AS s \
    CROSS JOIN LATERAL (SELECT log, base_offset, end_offset, position, length, max_timestamp, log_append_time \
        FROM runs WHERE vc = $1 AND segment = s.segment OFFSET 0) AS r \
    CROSS JOIN LATERAL (SELECT topic, partition FROM logs \
        WHERE vc = $1 AND log = r.log AND NOT is_deleted LIMIT 1) AS l";
/// The rows of a log in a range of offsets, and their segments where those are not condemned.
pub(crate) const OLD: &str = "\
    SELECT base_offset, end_offset, position, length, max_timestamp, log_append_time, \
           (SELECT s.name FROM segments s WHERE s.vc = $1 AND s.segment = r.segment AND s.state = 0) AS name, \
           r.segment, r.running_max \
    FROM runs r WHERE r.vc = $1 AND r.log = $2 AND r.base_offset >= $3 AND r.base_offset < $4 ORDER BY r.base_offset";
const LOCK_LOG: &str =
    "SELECT log FROM logs WHERE vc = $1 AND topic = $2 AND partition = $3 AND NOT is_deleted FOR UPDATE";
const INSERT: &str = "\
    INSERT INTO runs (vc, log, base_offset, end_offset, segment, position, length, max_timestamp, running_max, \
        log_append_time) \
    SELECT $1, $2, n.base_offset, n.end_offset, $3, n.position, n.length, n.max_timestamp, n.running_max, \
        n.log_append_time \
    FROM unnest($4::BIGINT[], $5::BIGINT[], $6::BIGINT[], $7::BIGINT[], $8::BIGINT[], $9::BIGINT[], $10::BIGINT[]) \
        AS n(base_offset, end_offset, position, length, max_timestamp, running_max, log_append_time)";
const CLEANED_TO: &str = "\
    SELECT k.place, l.cleaned_to FROM unnest($2::UUID[], $3::BIGINT[]) WITH ORDINALITY AS k(topic, partition, place) \
    CROSS JOIN LATERAL (SELECT cleaned_to FROM logs \
        WHERE vc = $1 AND topic = k.topic AND partition = k.partition AND NOT is_deleted LIMIT 1) AS l";

#[async_trait]
impl Compaction for PostgresMetadataStore {
    async fn compactable(
        &self,
        cluster: &VirtualClusterId,
        level: SegmentLevel,
        age: Duration,
        limit: usize,
    ) -> Result<Vec<SegmentSummary>, StoreFailure> {
        let Some(vc) = tried!(&self.pool, self.vc(cluster)) else { return Ok(Vec::new()) };
        let before = tried!(&self.pool, self.time_now()).before(age).millis();
        let level = i64::from(level.get());
        let rows =
            tried!(&self.pool, self.pool.query(COMPACTABLE, &[&vc.0, &level, &before, &rows_of(limit)]));
        let summary = |row: &tokio_postgres::Row| {
            let runs: i64 = row.try_get(2)?;
            Ok(SegmentSummary {
                segment: segment_name(row.try_get(0)?)?,
                size: bytes("segments.size", row.try_get(1)?)?,
                runs: usize::try_from(runs).map_err(|_| Trouble::number("segments.runs", runs))?,
                committed_at: Timestamp::from_millis(row.try_get(3)?),
            })
        };
        Ok(rows.iter().map(summary).collect::<Result<Vec<_>, Trouble>>()?)
    }

    async fn runs_in(
        &self,
        cluster: &VirtualClusterId,
        segments: Vec<SegmentName>,
    ) -> Result<Vec<(TopicIdPartition, Run)>, StoreFailure> {
        let Some(vc) = tried!(&self.pool, self.vc(cluster)) else { return Ok(Vec::new()) };
        let names: Vec<&str> = segments.iter().map(SegmentName::as_str).collect();
        let rows = tried!(&self.pool, self.pool.query(RUNS_IN, &[&vc.0, &names]));
        let mut runs =
            rows.iter().filter_map(|row| run_of_log(row).transpose()).collect::<Result<Vec<_>, _>>()?;
        runs.sort_unstable_by_key(|(log, run)| (*log, run.base_offset));
        Ok(runs)
    }

    async fn set_level(
        &self,
        cluster: &VirtualClusterId,
        segments: Vec<SegmentName>,
        level: SegmentLevel,
    ) -> Result<(), StoreFailure> {
        let Some(vc) = tried!(&self.pool, self.vc(cluster)) else { return Ok(()) };
        tried!(&self.pool, self.mark_level(vc, &segments, level));
        Ok(())
    }

    async fn commit_compacted(
        &self,
        cluster: &VirtualClusterId,
        segment: CompactedSegment,
    ) -> Result<(), CompactionError> {
        let Some(vc) = tried!(&self.pool, self.vc(cluster)) else {
            return Err(CompactionError::NoVirtualCluster { cluster: cluster.clone() });
        };
        tried!(&self.pool, self.insert_compacted(vc, &segment))
    }

    async fn replace_runs(
        &self,
        cluster: &VirtualClusterId,
        lease: Option<&Lease>,
        segment: &SegmentName,
        replacements: Vec<Replacement>,
    ) -> Result<Vec<Replaced>, CompactionError> {
        let Some(vc) = tried!(&self.pool, self.vc(cluster)) else {
            return Err(CompactionError::NoVirtualCluster { cluster: cluster.clone() });
        };
        let mut extents = Vec::with_capacity(replacements.len());
        for (index, replacement) in replacements.iter().enumerate() {
            let extent = replacement.extent().map_err(|reason| CompactionError::Invalid { index, reason })?;
            extents.push(extent);
        }
        tried!(&self.pool, self.replace_all(vc, lease, segment, (&replacements, &extents)))
    }

    async fn cleaned_to(
        &self,
        cluster: &VirtualClusterId,
        logs: Vec<TopicIdPartition>,
    ) -> Result<Vec<Option<Offset>>, StoreFailure> {
        let mut answers = vec![None; logs.len()];
        let Some(vc) = tried!(&self.pool, self.vc(cluster)) else { return Ok(answers) };
        let (topics, partitions) = columns(logs.iter().map(|log| LogKey::from(*log)));
        for row in tried!(&self.pool, self.pool.query(CLEANED_TO, &[&vc.0, &topics, &partitions])) {
            let read = |row: &tokio_postgres::Row| {
                Ok::<_, Trouble>((place(row.try_get(0)?)?, offset("logs.cleaned_to", row.try_get(1)?)?))
            };
            let (place, cleaned) = read(&row)?;
            if let Some(answer) = answers.get_mut(place) {
                *answer = Some(cleaned);
            }
        }
        Ok(answers)
    }
}

/// A row of [`RUNS_IN`].
fn run_of_log(row: &tokio_postgres::Row) -> Result<Option<(TopicIdPartition, Run)>, Trouble> {
    let Some(run) = find::run(row, 0)? else { return Ok(None) };
    let number: i64 = row.try_get(8)?;
    let partition = i32::try_from(number).ok().and_then(|partition| PartitionId::new(partition).ok());
    let partition = partition.ok_or_else(|| Trouble::number("logs.partition", number))?;
    Ok(Some((TopicIdPartition::new(TopicId::from_uuid(row.try_get(7)?), partition), run)))
}

/// What a replacement has found locked.
struct Locked {
    log: i64,
    old: Vec<OldRow>,
}

/// A row that goes.
struct OldRow {
    segment: i64,
    end_offset: i64,
    running_max: i64,
}

impl PostgresMetadataStore {
    async fn mark_level(&self, vc: Vc, names: &[SegmentName], level: SegmentLevel) -> Result<(), Trouble> {
        let names: Vec<&str> = names.iter().map(SegmentName::as_str).collect();
        let mut transaction = Transaction::begin(&self.pool).await?;
        segments::lock(&mut transaction, vc, &names).await?;
        let update = "UPDATE segments SET level = $3 WHERE vc = $1 AND name = ANY($2::TEXT[])";
        transaction.execute(update, &[&vc.0, &names, &i64::from(level.get())]).await?;
        transaction.commit().await
    }

    async fn insert_compacted(
        &self,
        vc: Vc,
        new: &CompactedSegment,
    ) -> Result<Result<(), CompactionError>, Trouble> {
        let CompactedSegment { id, segment, named_at, size, level } = new;
        let (segment, named_at) = (segment.clone(), *named_at);
        let mut transaction = Transaction::begin(&self.pool).await?;
        let now = self.time(&mut transaction).await?;
        let find =
            "SELECT name, state, commit_id FROM segments WHERE vc = $1 AND (name = $2 OR commit_id = $3)";
        let known = transaction.query_first(find, &[&vc.0, &segment.as_str(), &id.uuid()]).await?;
        if let Some(known) = known {
            let (name, by): (String, Option<uuid::Uuid>) = (known.try_get(0)?, known.try_get(2)?);
            let state = State::of(known.try_get(1)?)?;
            transaction.rollback().await?;
            return Ok(match state {
                State::Committed if name == segment.as_str() && by == Some(id.uuid()) => Ok(()),
                State::Condemned | State::Deleted if name == segment.as_str() => {
                    Err(CompactionError::Condemned { segment })
                }
                State::Committed | State::Condemned | State::Deleted => {
                    Err(CompactionError::Taken { segment })
                }
            });
        }
        if named_at <= now.before(UPLOAD_HORIZON) {
            transaction.rollback().await?;
            return Ok(Err(CompactionError::TooLate { segment, named_at, now }));
        }
        let insert = "INSERT INTO segments (vc, name, state, size, runs, changed_at, commit_id, committed_at, level) \
                      VALUES ($1, $2, 0, $3, 0, $4, $5, $4, $6)";
        let (size, level) = (of_bytes(*size), i64::from(level.get()));
        transaction
            .execute(insert, &[&vc.0, &segment.as_str(), &size, &now.millis(), &id.uuid(), &level])
            .await?;
        transaction.commit().await?;
        Ok(Ok(()))
    }

    async fn replace_all(
        &self,
        vc: Vc,
        lease: Option<&Lease>,
        segment: &SegmentName,
        (replacements, extents): (&[Replacement], &[Extent]),
    ) -> Result<Result<Vec<Replaced>, CompactionError>, Trouble> {
        let mut transaction = Transaction::begin(&self.pool).await?;
        if !is_held(&mut transaction, vc, lease).await? {
            transaction.rollback().await?;
            return Ok(Err(CompactionError::Fenced));
        }
        let logs = lock_logs(&mut transaction, vc, replacements).await?;
        let now = self.time(&mut transaction).await?;
        let mut answers = vec![Replaced::Changed; replacements.len()];
        let mut locked = Vec::new();
        for (index, (replacement, extent)) in replacements.iter().zip(extents).enumerate() {
            let Some(log) = logs.get(&LogKey::from(replacement.log)) else { continue };
            if let Some(old) = old_rows(&mut transaction, vc, *log, replacement, *extent).await? {
                locked.push((index, Locked { log: *log, old }));
            }
        }
        let Some(row) = lock_live(&mut transaction, vc, segment, &locked).await? else {
            transaction.rollback().await?;
            return Ok(Err(CompactionError::Condemned { segment: segment.clone() }));
        };
        let mut added = 0;
        for (index, Locked { log, old }) in &locked {
            let (replacement, extent) = (&replacements[*index], extents[*index]);
            exchange(&mut transaction, vc, row, (*log, old), (replacement, extent)).await?;
            added += replacement.new.len();
            answers[*index] = Replaced::Done;
        }
        let update = "UPDATE segments SET runs = runs + $3 WHERE vc = $1 AND segment = $2";
        transaction.execute(update, &[&vc.0, &row, &rows_of(added)]).await?;
        let gone: Vec<i64> =
            locked.iter().flat_map(|(_, locked)| locked.old.iter().map(|old| old.segment)).collect();
        segments::release(&mut transaction, vc, gone.into_iter(), now).await?;
        transaction.commit().await?;
        Ok(Ok(answers))
    }
}

/// Locks the partitions, in the order of commits.
async fn lock_logs(
    transaction: &mut Transaction<'_>,
    vc: Vc,
    replacements: &[Replacement],
) -> Result<HashMap<LogKey, i64>, Trouble> {
    let keys: BTreeMap<LogKey, ()> =
        replacements.iter().map(|replacement| (LogKey::from(replacement.log), ())).collect();
    let mut logs = HashMap::with_capacity(keys.len());
    for key in keys.into_keys() {
        let found =
            transaction.query_first(LOCK_LOG, &[&vc.0, &key.topic, &i64::from(key.partition)]).await?;
        if let Some(row) = found {
            logs.insert(key, row.try_get(0)?);
        }
    }
    Ok(logs)
}

/// The rows that go, if they are what was seen. The log is locked, so they stay that.
async fn old_rows(
    transaction: &mut Transaction<'_>,
    vc: Vc,
    log: i64,
    replacement: &Replacement,
    extent: Extent,
) -> Result<Option<Vec<OldRow>>, Trouble> {
    let rows = transaction.query(OLD, &[&vc.0, &log, &extent.base.get(), &extent.end.get()]).await?;
    let mut old = Vec::with_capacity(rows.len());
    if rows.len() != replacement.old.len() {
        return Ok(None);
    }
    for (row, seen) in rows.iter().zip(&replacement.old) {
        let name: Option<&str> = row.try_get(6)?;
        // Of a segment that is condemned there is no name.
        if name.is_none() || find::run(row, 0)?.as_ref() != Some(seen) {
            return Ok(None);
        }
        old.push(OldRow {
            end_offset: row.try_get(1)?,
            segment: row.try_get(7)?,
            running_max: row.try_get(8)?,
        });
    }
    Ok(Some(old))
}

/// Locks the segments of the rows that go and the one that they go to, whose number it tells if it is not condemned.
async fn lock_live(
    transaction: &mut Transaction<'_>,
    vc: Vc,
    segment: &SegmentName,
    locked: &[(usize, Locked)],
) -> Result<Option<i64>, Trouble> {
    let mut numbers: Vec<i64> =
        locked.iter().flat_map(|(_, locked)| locked.old.iter().map(|old| old.segment)).collect();
    let find = "SELECT segment FROM segments WHERE vc = $1 AND name = $2";
    let Some(row) = transaction.query_first(find, &[&vc.0, &segment.as_str()]).await? else {
        return Ok(None);
    };
    let into: i64 = row.try_get(0)?;
    numbers.push(into);
    numbers.sort_unstable();
    numbers.dedup();
    let lock = "SELECT segment, state FROM segments WHERE vc = $1 AND segment = ANY($2::BIGINT[]) \
                ORDER BY segment FOR UPDATE";
    for row in transaction.query(lock, &[&vc.0, &numbers]).await? {
        if row.try_get::<_, i64>(0)? == into && State::of(row.try_get(1)?)? == State::Committed {
            return Ok(Some(into));
        }
    }
    Ok(None)
}

async fn exchange(
    transaction: &mut Transaction<'_>,
    vc: Vc,
    segment: i64,
    (log, old): (i64, &[OldRow]),
    (replacement, extent): (&Replacement, Extent),
) -> Result<(), Trouble> {
    let delete = "DELETE FROM runs WHERE vc = $1 AND log = $2 AND base_offset >= $3 AND base_offset < $4";
    transaction.execute(delete, &[&vc.0, &log, &extent.base.get(), &extent.end.get()]).await?;
    let column = |value: fn(&Run) -> i64| replacement.new.iter().map(value).collect::<Vec<i64>>();
    let times: Vec<Option<i64>> =
        replacement.new.iter().map(|run| run.log_append_time.map(Timestamp::millis)).collect();
    // What it was when the last run was committed that begins in the new one: it still never falls.
    let running_max: Vec<i64> = replacement
        .new
        .iter()
        .map(|run| {
            let reached = old.iter().find(|old| old.end_offset >= run.end_offset.get());
            reached.map_or(run.max_timestamp.millis(), |old| old.running_max)
        })
        .collect();
    transaction
        .execute(
            INSERT,
            &[
                &vc.0,
                &log,
                &segment,
                &column(|run| run.base_offset.get()),
                &column(|run| run.end_offset.get()),
                &column(|run| of_bytes(run.position)),
                &column(|run| of_bytes(run.length)),
                &column(|run| run.max_timestamp.millis()),
                &running_max,
                &times,
            ],
        )
        .await?;
    let difference = i64::try_from(i128::from(extent.new_bytes) - i128::from(extent.old_bytes)).unwrap_or(0);
    if difference == 0 && replacement.cleaned_to.is_none() && extent.latest_lost.is_none() {
        return Ok(());
    }
    // Times up to that of a record that is gone are no longer found by halving alone.
    let update = "UPDATE logs SET bytes = bytes + $3, cleaned_to = greatest(cleaned_to, $4), \
                  trimmed_max = greatest(trimmed_max, $5) WHERE vc = $1 AND log = $2";
    let (cleaned_to, lost) =
        (replacement.cleaned_to.map(Offset::get), extent.latest_lost.map(Timestamp::millis));
    transaction.execute(update, &[&vc.0, &log, &difference, &cleaned_to, &lost]).await?;
    Ok(())
}
