//! The commit of a segment.
//!
//! Most commits are as one would expect: their partitions exist, their producers go on where they stopped. This is
//! assumed, and what follows is computed here, relative to where logs end (`plan.rs`). One flight then locks the
//! partitions, checks the assumption and writes (`statements.rs`). Where it does not hold, nothing is written, and a
//! second transaction reads what it has locked, judges as Kafka does, and writes what came of it by the same statement.

mod outcome;
mod past;
mod plan;
mod ranges;
mod state;
pub(crate) mod statements;
mod written;

use forebay_model::{CommitId, SegmentName, Timestamp, VirtualClusterId};
use forebay_storage_metadata::{CommitError, CommitOutcome, SegmentCommit, UPLOAD_HORIZON};
use futures_util::future::{join, join5};
use tokio_postgres::Row;

use crate::PostgresMetadataStore;
use crate::pool::{Lease, patiently};
use crate::rows::{LogKey, Vc};
use crate::segments::State as SegmentState;
use crate::transaction::{BEGIN, unsettled};
use crate::tries::{Tries, tried};
use crate::trouble::Trouble;
use plan::Plan;
use state::State;
use statements::{LOCK, WRITE};
use written::Written;

/// What came of a commit that could be asked for.
type Settled = Result<CommitOutcome, CommitError>;

/// Commits a segment, or tells what became of it.
pub(crate) async fn commit(
    store: &PostgresMetadataStore,
    cluster: &VirtualClusterId,
    commit: &SegmentCommit,
) -> Settled {
    let Some(vc) = tried!(&store.pool, store.vc(cluster)) else {
        return Err(CommitError::NoVirtualCluster { cluster: cluster.clone() });
    };
    let assumed = commit.check().ok().and_then(|()| Plan::assuming(&commit.requests));
    let mut tries = Tries::new(&store.pool);
    loop {
        let settled = async {
            if let Some(plan) = &assumed
                && let Some(outcome) = in_one_flight(store, vc, commit, plan).await?
            {
                return Ok(Ok(outcome));
            }
            Box::pin(as_it_is(store, vc, commit)).await
        };
        match Box::pin(settled).await {
            Ok(settled) => return settled,
            // Asking again under the same id is how it is settled.
            Err(trouble) => tries.after_unsettled(trouble).await?,
        }
    }
}

/// Commits what was assumed, unless it is not so.
async fn in_one_flight(
    store: &PostgresMetadataStore,
    vc: Vc,
    commit: &SegmentCommit,
    plan: &Plan,
) -> Result<Option<CommitOutcome>, Trouble> {
    let mut lease = store.pool.lease().await?;
    let (lock, write) = (lease.prepare(LOCK).await?, lease.prepare(WRITE).await?);
    let written = Written::of(vc, commit, plan, store.given_time());
    let client = lease.client();
    let first = written.ranges().first();
    let (first_parameters, lock_parameters) = (first.lock(&vc), written.ranges().lock(&vc));
    let write_parameters = written.parameters();
    // Each is sent when the one before has been, without waiting for its answer.
    let flight = join5(
        client.batch_execute(BEGIN),
        client.query(&lock, &first_parameters),
        client.query(&lock, &lock_parameters),
        client.query(&write, &write_parameters),
        client.batch_execute("COMMIT"),
    );
    let answers = patiently(async { Ok::<_, tokio_postgres::Error>(flight.await) }).await;
    // The server may be at it still.
    let (begun, first, locked, written, committed) = answers.map_err(unsettled)?;
    let checked = |result| match result {
        // What the server refuses is rolled back; without an answer of it everything may have been done.
        Err(error) => Err(unsettled(Trouble::Postgres(error))),
        Ok(rows) => Ok(rows),
    };
    begun.map_err(|error| unsettled(Trouble::Postgres(error)))?;
    checked(first)?;
    checked(locked)?;
    let rows = checked(written)?;
    committed.map_err(|error| unsettled(Trouble::Postgres(error)))?;
    store.pool.give_back(lease);
    rows.first().map(|row| read_outcome(row, plan)).transpose()
}

/// Commits what can be committed, by what is stored.
async fn as_it_is(store: &PostgresMetadataStore, vc: Vc, commit: &SegmentCommit) -> Result<Settled, Trouble> {
    let mut lease = store.pool.lease().await?;
    patiently(lease.client().batch_execute(BEGIN)).await?;
    let state = State::read(&mut lease, vc, commit, store.given_time()).await?;
    if let Some(settled) = before_judging(commit, &state)? {
        patiently(lease.client().batch_execute("ROLLBACK")).await?;
        store.pool.give_back(lease);
        return Ok(settled);
    }
    let plan = Plan::judging(&commit.requests, &state.heads, state.pasts, state.now);
    let row = write(&mut lease, vc, commit, &plan, state.now).await?;
    store.pool.give_back(lease);
    read_outcome(&row, &plan).map(Ok)
}

/// Writes a plan that nothing can speak against any more, and commits.
async fn write(
    lease: &mut Lease,
    vc: Vc,
    commit: &SegmentCommit,
    plan: &Plan,
    now: Timestamp,
) -> Result<Row, Trouble> {
    let write = lease.prepare(WRITE).await?;
    let written = Written::of(vc, commit, plan, Some(now.millis()));
    let parameters = written.parameters();
    let client = lease.client();
    let flight = join(client.query(&write, &parameters), client.batch_execute("COMMIT"));
    let answers = patiently(async { Ok::<_, tokio_postgres::Error>(flight.await) }).await;
    let (rows, committed) = answers.map_err(unsettled)?;
    let rows = rows.map_err(|error| unsettled(Trouble::Postgres(error)))?;
    committed.map_err(|error| unsettled(Trouble::Postgres(error)))?;
    // The same commit, or one of the same name, was written by somebody else since.
    rows.into_iter().next().ok_or(Trouble::Overtaken)
}

fn read_outcome(row: &Row, plan: &Plan) -> Result<CommitOutcome, Trouble> {
    let committed_at = Timestamp::from_millis(row.try_get(0)?);
    let (ends, starts): (Vec<i64>, Vec<i64>) = (row.try_get(1)?, row.try_get(2)?);
    outcome::decode(&plan.outcome, committed_at, &ends, &starts)
}

/// What is known before any batch is judged.
fn before_judging(commit: &SegmentCommit, state: &State) -> Result<Option<Settled>, Trouble> {
    if let Some(recorded) = &state.recorded {
        return recorded.settled(commit.id, &commit.segment).map(Some);
    }
    if commit.named_at <= state.now.before(UPLOAD_HORIZON) {
        let (segment, named_at, now) = (commit.segment.clone(), commit.named_at, state.now);
        return Ok(Some(Err(CommitError::TooLate { segment, named_at, now })));
    }
    if let Err(error) = commit.check() {
        return Ok(Some(Err(error)));
    }
    let segment = commit.segment.clone();
    Ok(state.name_in_use.map(|state| match state {
        SegmentState::Committed => Err(CommitError::NameTaken { segment }),
        SegmentState::Condemned | SegmentState::Deleted => Err(CommitError::Condemned { segment }),
    }))
}

/// A commit that has happened.
#[derive(Debug)]
struct Recorded {
    name: String,
    committed_at: Timestamp,
    /// As long as it is kept.
    outcome: Option<CommitOutcome>,
}

impl Recorded {
    fn settled(&self, id: CommitId, segment: &SegmentName) -> Result<Settled, Trouble> {
        if self.name != segment.as_str() {
            return Ok(Err(CommitError::IdTaken { id, segment: segment.clone() }));
        }
        let forgotten = CommitError::Forgotten { id, committed_at: self.committed_at };
        Ok(self.outcome.clone().ok_or(forgotten))
    }
}

/// All partitions that a commit names, in the order in which they are locked.
fn logs(commit: &SegmentCommit) -> Vec<LogKey> {
    let batches = commit.requests.iter().flat_map(|request| &request.batches);
    let logs: std::collections::BTreeSet<_> = batches.map(|batch| LogKey::from(batch.log)).collect();
    logs.into_iter().collect()
}
