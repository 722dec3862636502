//! Runs that are replaced by others.

use std::time::Duration;

use async_trait::async_trait;
use forebay_model::{
    ByteCount, Offset, PartitionId, SegmentName, Timestamp, TopicIdPartition, VirtualClusterId,
};
use forebay_storage_metadata::{
    CompactedSegment, Compaction, CompactionError, Extent, Lease, Replaced, Replacement, Run, SegmentLevel,
    SegmentSummary, StoreFailure, UPLOAD_HORIZON,
};
use rusqlite::{Connection, OptionalExtension as _, params};

use crate::SqliteMetadataStore;
use crate::commit::Head;
use crate::find::{self, RUN};
use crate::jobs::is_held;
use crate::log::head;
use crate::rows::{
    LogRow, SegmentRow, Vc, bytes, limit as rows_of, of_bytes, offset, segment_name, topic_id, vc_of,
};
use crate::segments::{self, State};
use crate::trouble::Trouble;
use crate::writer::Writing;

#[async_trait]
impl Compaction for SqliteMetadataStore {
    async fn compactable(
        &self,
        cluster: &VirtualClusterId,
        level: SegmentLevel,
        age: Duration,
        limit: usize,
    ) -> Result<Vec<SegmentSummary>, StoreFailure> {
        let (cluster, before) = (cluster.clone(), self.time().before(age).millis());
        self.read(move |connection| {
            let Some(vc) = vc_of(connection, &cluster)? else { return Ok(Ok(Vec::new())) };
            compactable(connection, vc, level, before, limit).map(Ok)
        })
        .await
    }

    async fn runs_in(
        &self,
        cluster: &VirtualClusterId,
        segments: Vec<SegmentName>,
    ) -> Result<Vec<(TopicIdPartition, Run)>, StoreFailure> {
        let cluster = cluster.clone();
        self.read(move |connection| {
            let Some(vc) = vc_of(connection, &cluster)? else { return Ok(Ok(Vec::new())) };
            let mut runs = Vec::new();
            for segment in &segments {
                runs_in(connection, vc, segment, &mut runs)?;
            }
            runs.sort_unstable_by_key(|(log, run)| (*log, run.base_offset));
            Ok(Ok(runs))
        })
        .await
    }

    async fn set_level(
        &self,
        cluster: &VirtualClusterId,
        segments: Vec<SegmentName>,
        level: SegmentLevel,
    ) -> Result<(), StoreFailure> {
        let cluster = cluster.clone();
        self.write(move |writing| {
            writing.leaves_logs();
            let Some(vc) = vc_of(writing.connection, &cluster)? else { return Ok(Ok(())) };
            let mut update = writing
                .connection
                .prepare_cached("UPDATE segments SET level = ?3 WHERE vc = ?1 AND name = ?2")?;
            for segment in segments {
                update.execute(params![vc.0, segment.as_str(), level.get()])?;
            }
            Ok(Ok(()))
        })
        .await
    }

    async fn commit_compacted(
        &self,
        cluster: &VirtualClusterId,
        segment: CompactedSegment,
    ) -> Result<(), CompactionError> {
        let cluster = cluster.clone();
        self.write(move |writing| {
            writing.leaves_logs();
            let Some(vc) = vc_of(writing.connection, &cluster)? else {
                return Ok(Err(CompactionError::NoVirtualCluster { cluster }));
            };
            commit(writing, vc, segment)
        })
        .await
    }

    async fn replace_runs(
        &self,
        cluster: &VirtualClusterId,
        lease: Option<&Lease>,
        segment: &SegmentName,
        replacements: Vec<Replacement>,
    ) -> Result<Vec<Replaced>, CompactionError> {
        let (cluster, lease, segment) = (cluster.clone(), lease.cloned(), segment.clone());
        self.write(move |writing| {
            let Some(vc) = vc_of(writing.connection, &cluster)? else {
                return Ok(Err(CompactionError::NoVirtualCluster { cluster }));
            };
            if !is_held(writing.connection, vc, lease.as_ref())? {
                return Ok(Err(CompactionError::Fenced));
            }
            let Some(row) = live(writing.connection, vc, &segment)? else {
                return Ok(Err(CompactionError::Condemned { segment }));
            };
            let mut answers = Vec::with_capacity(replacements.len());
            for (index, replacement) in replacements.iter().enumerate() {
                let extent = match replacement.extent() {
                    Ok(extent) => extent,
                    Err(reason) => return Ok(Err(CompactionError::Invalid { index, reason })),
                };
                answers.push(replace(writing, vc, row, replacement, extent)?);
            }
            Ok(Ok(answers))
        })
        .await
    }

    async fn cleaned_to(
        &self,
        cluster: &VirtualClusterId,
        logs: Vec<TopicIdPartition>,
    ) -> Result<Vec<Option<Offset>>, StoreFailure> {
        let cluster = cluster.clone();
        self.read(move |connection| {
            let Some(vc) = vc_of(connection, &cluster)? else { return Ok(Ok(vec![None; logs.len()])) };
            let mut find = connection.prepare_cached(
                "SELECT cleaned_to FROM logs WHERE vc = ?1 AND topic = ?2 AND partition = ?3 AND is_deleted = 0",
            )?;
            let answers = logs.iter().map(|log| {
                let topic = log.topic.uuid();
                let key = params![vc.0, topic.as_bytes(), log.partition.get()];
                let found: Option<i64> = find.query_row(key, |row| row.get(0)).optional()?;
                found.map(|cleaned| offset("logs.cleaned_to", cleaned)).transpose()
            });
            answers.collect::<Result<Vec<_>, Trouble>>().map(Ok)
        })
        .await
    }
}

fn compactable(
    connection: &Connection,
    vc: Vc,
    level: SegmentLevel,
    before: i64,
    limit: usize,
) -> Result<Vec<SegmentSummary>, Trouble> {
    let mut find = connection.prepare_cached(
        "SELECT name, size, runs, committed_at FROM segments WHERE vc = ?1 AND level = ?2 AND state = 0 \
         AND level < 2 AND committed_at <= ?3 AND runs > 0 ORDER BY committed_at, segment LIMIT ?4",
    )?;
    let mut rows = find.query(params![vc.0, level.get(), before, rows_of(limit)])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let runs: i64 = row.get(2)?;
        found.push(SegmentSummary {
            segment: segment_name(row.get_ref(0)?.as_str().map_err(rusqlite::Error::from)?)?,
            size: bytes("segments.size", row.get(1)?)?,
            runs: usize::try_from(runs).map_err(|_| Trouble::number("segments.runs", runs))?,
            committed_at: Timestamp::from_millis(row.get(3)?),
        });
    }
    Ok(found)
}

fn runs_in(
    connection: &Connection,
    vc: Vc,
    segment: &SegmentName,
    runs: &mut Vec<(TopicIdPartition, Run)>,
) -> Result<(), Trouble> {
    let mut find = connection.prepare_cached(&format!(
        "SELECT {RUN}, l.topic, l.partition FROM segments s \
         JOIN runs r ON r.vc = s.vc AND r.segment = s.segment JOIN logs l ON l.log = r.log \
         WHERE s.vc = ?1 AND s.name = ?2 AND l.is_deleted = 0"
    ))?;
    let mut rows = find.query(params![vc.0, segment.as_str()])?;
    while let Some(row) = rows.next()? {
        let partition: i32 = row.get(8)?;
        let partition =
            PartitionId::new(partition).map_err(|_| Trouble::number("logs.partition", partition.into()))?;
        let log = TopicIdPartition::new(topic_id(row.get(7)?), partition);
        runs.push((log, find::run(row)?));
    }
    Ok(())
}

fn commit(
    writing: &Writing<'_>,
    vc: Vc,
    new: CompactedSegment,
) -> Result<Result<(), CompactionError>, Trouble> {
    let CompactedSegment { id, segment, named_at, size, level } = new;
    let mut find = writing
        .connection
        .prepare_cached("SELECT name, state FROM segments WHERE vc = ?1 AND commit_id = ?2")?;
    let known: Option<(String, i64)> =
        find.query_row(params![vc.0, id.uuid().as_bytes()], |row| row.try_into()).optional()?;
    if let Some((name, state)) = known {
        return Ok(match State::of(state)? {
            _ if name != segment.as_str() => Err(CompactionError::Taken { segment }),
            State::Committed => Ok(()),
            State::Condemned | State::Deleted => Err(CompactionError::Condemned { segment }),
        });
    }
    if named_at <= writing.now.before(UPLOAD_HORIZON) {
        return Ok(Err(CompactionError::TooLate { segment, named_at, now: writing.now }));
    }
    let mut find =
        writing.connection.prepare_cached("SELECT state FROM segments WHERE vc = ?1 AND name = ?2")?;
    let state: Option<i64> = find.query_row(params![vc.0, segment.as_str()], |row| row.get(0)).optional()?;
    match state.map(State::of).transpose()? {
        None => {}
        Some(State::Committed) => return Ok(Err(CompactionError::Taken { segment })),
        Some(State::Condemned | State::Deleted) => return Ok(Err(CompactionError::Condemned { segment })),
    }
    let mut insert = writing.connection.prepare_cached(
        "INSERT INTO segments (vc, name, state, size, runs, changed_at, commit_id, committed_at, level) \
         VALUES (?1, ?2, 0, ?3, 0, ?4, ?5, ?4, ?6)",
    )?;
    insert.execute(params![
        vc.0,
        segment.as_str(),
        of_bytes(size),
        writing.now.millis(),
        id.uuid().as_bytes(),
        level.get()
    ])?;
    Ok(Ok(()))
}

/// The row of a segment that is committed and not condemned.
fn live(connection: &Connection, vc: Vc, segment: &SegmentName) -> Result<Option<SegmentRow>, Trouble> {
    let mut find = connection
        .prepare_cached("SELECT segment FROM segments WHERE vc = ?1 AND name = ?2 AND state = 0")?;
    let row: Option<i64> = find.query_row(params![vc.0, segment.as_str()], |row| row.get(0)).optional()?;
    Ok(row.map(SegmentRow))
}

fn replace(
    writing: &Writing<'_>,
    vc: Vc,
    segment: SegmentRow,
    replacement: &Replacement,
    extent: Extent,
) -> Result<Replaced, Trouble> {
    let connection = writing.connection;
    let Some(head) = head(connection, vc, replacement.log)? else { return Ok(Replaced::Changed) };
    let Some(old) = old_rows(connection, vc, head.row, replacement, extent)? else {
        return Ok(Replaced::Changed);
    };
    connection
        .prepare_cached(
            "DELETE FROM runs WHERE vc = ?1 AND log = ?2 AND base_offset >= ?3 AND base_offset < ?4",
        )?
        .execute(params![vc.0, head.row.0, extent.base.get(), extent.end.get()])?;
    insert(connection, vc, head.row, segment, replacement, &old)?;
    connection
        .prepare_cached("UPDATE segments SET runs = runs + ?2 WHERE segment = ?1")?
        .execute(params![segment.0, rows_of(replacement.new.len())])?;
    segments::release(writing, old.iter().map(|old| old.segment))?;
    update_head(connection, &head, replacement, extent)?;
    Ok(Replaced::Done)
}

/// A row that goes.
struct OldRow {
    segment: i64,
    end_offset: i64,
    running_max: i64,
}

/// The rows that go, if they are what was seen.
fn old_rows(
    connection: &Connection,
    vc: Vc,
    log: LogRow,
    replacement: &Replacement,
    extent: Extent,
) -> Result<Option<Vec<OldRow>>, Trouble> {
    let mut find = connection.prepare_cached(&format!(
        "SELECT {RUN}, r.segment, r.running_max FROM runs r CROSS JOIN segments s ON s.segment = r.segment AND s.state = 0 \
         WHERE r.vc = ?1 AND r.log = ?2 AND r.base_offset >= ?3 AND r.base_offset < ?4 ORDER BY r.base_offset"
    ))?;
    let mut rows = find.query(params![vc.0, log.0, extent.base.get(), extent.end.get()])?;
    let mut old = Vec::with_capacity(replacement.old.len());
    while let Some(row) = rows.next()? {
        if replacement.old.get(old.len()) != Some(&find::run(row)?) {
            return Ok(None);
        }
        old.push(OldRow { segment: row.get(7)?, end_offset: row.get(1)?, running_max: row.get(8)? });
    }
    Ok((old.len() == replacement.old.len()).then_some(old))
}

fn insert(
    connection: &Connection,
    vc: Vc,
    log: LogRow,
    segment: SegmentRow,
    replacement: &Replacement,
    old: &[OldRow],
) -> Result<(), Trouble> {
    let mut insert = connection.prepare_cached(
        "INSERT INTO runs (vc, log, base_offset, end_offset, segment, position, length, max_timestamp, \
         running_max, log_append_time) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
    )?;
    for run in &replacement.new {
        // What it was when the last run was committed that begins in this one: it still never falls.
        let reached = old.iter().find(|old| old.end_offset >= run.end_offset.get());
        let running_max = reached.map_or(run.max_timestamp.millis(), |old| old.running_max);
        insert.execute(params![
            vc.0,
            log.0,
            run.base_offset.get(),
            run.end_offset.get(),
            segment.0,
            of_bytes(run.position),
            of_bytes(run.length),
            run.max_timestamp.millis(),
            running_max,
            run.log_append_time.map(Timestamp::millis),
        ])?;
    }
    Ok(())
}

fn update_head(
    connection: &Connection,
    head: &Head,
    replacement: &Replacement,
    extent: Extent,
) -> Result<(), Trouble> {
    let difference = of_bytes(ByteCount::new(extent.new_bytes)) - of_bytes(ByteCount::new(extent.old_bytes));
    // Times up to that of a record that is gone are no longer found by halving alone.
    connection
        .prepare_cached(
            "UPDATE logs SET bytes = bytes + ?2, cleaned_to = max(cleaned_to, coalesce(?3, 0)), \
             trimmed_max = CASE WHEN ?4 IS NULL THEN trimmed_max ELSE max(coalesce(trimmed_max, ?4), ?4) END \
             WHERE log = ?1",
        )?
        .execute(params![
            head.row.0,
            difference,
            replacement.cleaned_to.map(Offset::get),
            extent.latest_lost.map(Timestamp::millis)
        ])?;
    Ok(())
}
