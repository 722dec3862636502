//! The task that commits the segments of one virtual cluster, one after the other, in the order in which they were
//! flushed.

use std::sync::Arc;
use std::time::Duration;

use forebay_lifecycle::{Backoff, chance, clock};
use forebay_model::{ByteCount, CommitId, VirtualClusterId};
use forebay_storage_metadata::{
    CommitError, CommitOutcome, Kind, ProduceCommit, ProduceOutcome, SegmentCommit, StoreFailure,
};
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, timeout};

use super::buffer::Reply;
use super::error::AppendError;
use super::failed::FailedProducers;
use super::shared::Shared;
use super::upload::Uploaded;

/// A segment that is being put.
#[derive(Debug)]
pub(super) struct Flight {
    pub(super) uploaded: oneshot::Receiver<Result<Uploaded, AppendError>>,
    pub(super) requests: Vec<ProduceCommit>,
    pub(super) replies: Vec<Reply>,
    /// Of its batches.
    pub(super) bytes: u64,
    /// Of the object.
    pub(super) size: u64,
    pub(super) opened: Instant,
}

type Answer = Result<ProduceOutcome, AppendError>;

/// Pauses between two questions about the same commit.
const PAUSES: (Duration, Duration) = (Duration::from_millis(20), Duration::from_secs(2));

pub(super) async fn run(shared: Arc<Shared>, cluster: VirtualClusterId, mut flights: mpsc::Receiver<Flight>) {
    let mut failed = FailedProducers::default();
    while let Some(flight) = flights.recv().await {
        let Flight { uploaded, requests, replies, bytes, size, opened } = flight;
        let answers = match uploaded.await.unwrap_or(Err(AppendError::Lost)) {
            Ok(uploaded) => {
                shared.metrics.to_commit.observe(opened.elapsed());
                commit(&shared, &cluster, uploaded, &requests, size, &mut failed).await
            }
            Err(error) => {
                shared.metrics.put_failed.inc();
                tracing::warn!(%cluster, error = report(&error), "a segment was not written");
                fail(&requests, &error, &mut failed)
            }
        };
        for (reply, answer) in replies.into_iter().zip(answers) {
            // Who no longer waits will ask again.
            let _ = reply.send(answer);
        }
        shared.metrics.total.observe(opened.elapsed());
        shared.release(bytes);
    }
}

/// Commits what does not follow something that failed.
async fn commit(
    shared: &Shared,
    cluster: &VirtualClusterId,
    uploaded: Uploaded,
    requests: &[ProduceCommit],
    size: u64,
    failed: &mut FailedProducers,
) -> Vec<Answer> {
    let now = clock::now();
    let admitted: Vec<bool> = requests.iter().map(|request| failed.admit(request, now)).collect();
    let chosen: Vec<_> =
        requests.iter().zip(&admitted).filter(|(_, admitted)| **admitted).map(|(r, _)| r.clone()).collect();
    let answers = if chosen.is_empty() {
        Vec::new()
    } else {
        let commit = SegmentCommit {
            id: CommitId::from_random(chance::bits()),
            segment: uploaded.name,
            named_at: uploaded.named_at,
            size: ByteCount::new(size),
            requests: chosen,
        };
        match settle(shared, cluster, &commit).await {
            Ok(outcome) => {
                shared.metrics.succeeded.inc();
                if let Some(feed) = shared.feed.get() {
                    feed.index.committed(&commit, &outcome);
                }
                succeed(shared, &commit.requests, outcome, failed)
            }
            Err(error) => {
                shared.metrics.commit_failed.inc();
                tracing::warn!(%cluster, error = report(&error), "a segment was not committed");
                fail(&commit.requests, &AppendError::Commit(Arc::new(error)), failed)
            }
        }
    };
    let mut answers = answers.into_iter();
    let answer = |admitted| if admitted { answers.next() } else { None };
    admitted.into_iter().map(answer).map(|answer| answer.unwrap_or(Err(AppendError::FollowsFailed))).collect()
}

/// Asks until the outcome is known, or for too long.
async fn settle(
    shared: &Shared,
    cluster: &VirtualClusterId,
    commit: &SegmentCommit,
) -> Result<CommitOutcome, CommitError> {
    let give_up = Instant::now() + shared.settings.settle_timeout;
    let mut backoff = Backoff::new(PAUSES.0, PAUSES.1);
    loop {
        let asked = shared.metadata.commit(cluster, commit.clone());
        let error = match timeout(shared.settings.commit_timeout, asked).await {
            Ok(Ok(outcome)) if outcome.requests.len() == commit.requests.len() => return Ok(outcome),
            Ok(Ok(outcome)) => {
                let (got, wanted) = (outcome.requests.len(), commit.requests.len());
                let reason = format!("the commit of {wanted} requests has {got} outcomes");
                return Err(StoreFailure::Internal { reason }.into());
            }
            Ok(Err(error)) if error.kind() != Kind::Retry => return Err(error),
            Ok(Err(error)) => error,
            Err(_) => {
                let reason = format!("no answer within {:?}", shared.settings.commit_timeout);
                StoreFailure::Unsettled { reason }.into()
            }
        };
        let pause = backoff.pause();
        if Instant::now() + pause >= give_up {
            return Err(error);
        }
        tracing::debug!(%error, id = %commit.id, "asking again what became of a commit");
        tokio::time::sleep(pause).await;
    }
}

fn succeed(
    shared: &Shared,
    requests: &[ProduceCommit],
    outcome: CommitOutcome,
    failed: &mut FailedProducers,
) -> Vec<Answer> {
    shared.set_clock_reading(outcome.committed_at);
    for (request, outcome) in requests.iter().zip(&outcome.requests) {
        match outcome {
            ProduceOutcome::Committed(_) => {
                shared.metrics.batches.inc_by(request.batches.len() as u64);
                let records = request.batches.iter().map(|batch| u64::from(batch.records.get())).sum();
                shared.metrics.records.inc_by(records);
            }
            // Those that could have been committed are missing now, and what follows them must not be taken.
            ProduceOutcome::Refused(refusals) => {
                let batches = request.batches.iter().zip(refusals);
                batches.filter(|(_, refusal)| refusal.is_none()).for_each(|(batch, _)| failed.add(batch));
            }
        }
    }
    outcome.requests.into_iter().map(Ok).collect()
}

fn fail(requests: &[ProduceCommit], error: &AppendError, failed: &mut FailedProducers) -> Vec<Answer> {
    requests.iter().flat_map(|request| &request.batches).for_each(|batch| failed.add(batch));
    requests.iter().map(|_| Err(error.clone())).collect()
}

/// An error with everything that it was caused by.
fn report(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(source) = next {
        text.push_str(": ");
        text.push_str(&source.to_string());
        next = source.source();
    }
    text
}
