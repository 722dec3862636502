//! The commit of a segment: checked as a whole in memory first, then written.

mod past;
mod plan;
mod state;
mod write;

use forebay_model::{CommitId, SegmentName, Timestamp, VirtualClusterId};
use forebay_storage_metadata::{CommitError, CommitOutcome, SegmentCommit, UPLOAD_HORIZON, outcome};
use rusqlite::{OptionalExtension as _, params};

use crate::rows::{SegmentRow, Vc, of_bytes, vc_of};
use crate::segments::State;
use crate::trouble::Trouble;
use crate::writer::Writing;
pub(crate) use past::PastRow;
use plan::Plan;
pub(crate) use state::Head;

/// Commits a segment, or tells what became of it.
pub(crate) fn commit(
    writing: &mut Writing<'_>,
    cluster: &VirtualClusterId,
    commit: &SegmentCommit,
) -> Result<Result<CommitOutcome, CommitError>, Trouble> {
    let Some(vc) = vc_of(writing.connection, cluster)? else {
        return Ok(Err(CommitError::NoVirtualCluster { cluster: cluster.clone() }));
    };
    if let Some(recorded) = recorded(writing, vc, commit.id, &commit.segment)? {
        return Ok(recorded);
    }
    if commit.named_at <= writing.now.before(UPLOAD_HORIZON) {
        let (segment, named_at, now) = (commit.segment.clone(), commit.named_at, writing.now);
        return Ok(Err(CommitError::TooLate { segment, named_at, now }));
    }
    if let Err(error) = commit.check() {
        return Ok(Err(error));
    }
    if let Some(error) = name_in_use(writing, vc, &commit.segment)? {
        return Ok(Err(error));
    }
    // Lost when anything fails: then all of it is read again.
    let recent = std::mem::take(writing.recent);
    let mut plan = Plan::new(writing.connection, recent, vc, writing.now);
    let mut requests = Vec::with_capacity(commit.requests.len());
    for request in &commit.requests {
        requests.push(plan.add(request)?);
    }
    let outcome = CommitOutcome { committed_at: writing.now, requests };
    let segment = insert_segment(writing, vc, commit, plan.runs())?;
    insert_outcome(writing, vc, segment, &outcome)?;
    let (effects, recent) = plan.write(segment)?;
    for effect in effects {
        writing.then(effect);
    }
    writing.remember(recent);
    Ok(Ok(outcome))
}

/// What became of the commit with this id, if there was one.
fn recorded(
    writing: &Writing<'_>,
    vc: Vc,
    id: CommitId,
    segment: &SegmentName,
) -> Result<Option<Result<CommitOutcome, CommitError>>, Trouble> {
    let mut find = writing.connection.prepare_cached(
        "SELECT s.name, s.committed_at, o.outcome FROM segments s \
         LEFT JOIN outcomes o ON o.vc = s.vc AND o.segment = s.segment WHERE s.vc = ?1 AND s.commit_id = ?2",
    )?;
    let found = find.query_row(params![vc.0, id.uuid().as_bytes()], |row| {
        Ok((row.get::<_, String>(0)?, row.get::<_, i64>(1)?, row.get::<_, Option<Vec<u8>>>(2)?))
    });
    let Some((name, committed_at, kept)) = found.optional()? else { return Ok(None) };
    let committed_at = Timestamp::from_millis(committed_at);
    Ok(Some(match kept {
        _ if name != segment.as_str() => Err(CommitError::IdTaken { id, segment: segment.clone() }),
        None => Err(CommitError::Forgotten { id, committed_at }),
        Some(kept) => Ok(outcome::decode(&kept, committed_at, |rest, flags| rest.batch(flags))?),
    }))
}

/// Why a segment of that name can't be committed.
fn name_in_use(writing: &Writing<'_>, vc: Vc, segment: &SegmentName) -> Result<Option<CommitError>, Trouble> {
    let mut find =
        writing.connection.prepare_cached("SELECT state FROM segments WHERE vc = ?1 AND name = ?2")?;
    let state: Option<i64> = find.query_row(params![vc.0, segment.as_str()], |row| row.get(0)).optional()?;
    let segment = segment.clone();
    Ok(match state.map(State::of).transpose()? {
        None => None,
        Some(State::Committed) => Some(CommitError::NameTaken { segment }),
        Some(State::Condemned | State::Deleted) => Some(CommitError::Condemned { segment }),
    })
}

fn insert_segment(
    writing: &Writing<'_>,
    vc: Vc,
    commit: &SegmentCommit,
    runs: usize,
) -> Result<SegmentRow, Trouble> {
    let runs = i64::try_from(runs).unwrap_or(i64::MAX);
    let mut insert = writing.connection.prepare_cached(
        "INSERT INTO segments (vc, name, state, size, runs, changed_at, commit_id, committed_at) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?6)",
    )?;
    insert.execute(params![
        vc.0,
        commit.segment.as_str(),
        State::Committed.number(),
        of_bytes(commit.size),
        runs,
        writing.now.millis(),
        commit.id.uuid().as_bytes(),
    ])?;
    Ok(SegmentRow(writing.connection.last_insert_rowid()))
}

fn insert_outcome(
    writing: &Writing<'_>,
    vc: Vc,
    segment: SegmentRow,
    outcome: &CommitOutcome,
) -> Result<(), Trouble> {
    let mut insert = writing.connection.prepare_cached(
        "INSERT INTO outcomes (vc, segment, committed_at, outcome) VALUES (?1, ?2, ?3, ?4)",
    )?;
    let bytes = outcome::encode(&outcome.requests, outcome::put_batch);
    insert.execute(params![vc.0, segment.0, outcome.committed_at.millis(), bytes])?;
    Ok(())
}
