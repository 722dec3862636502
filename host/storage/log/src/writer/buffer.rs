use forebay_storage_metadata::ProduceOutcome;
use tokio::sync::oneshot;
use tokio::time::Instant;

use super::batch::NewBatch;
use super::error::AppendError;

/// Where the answer to a request goes.
pub(super) type Reply = oneshot::Sender<Result<ProduceOutcome, AppendError>>;

/// The requests that one segment will hold.
#[derive(Debug)]
pub(super) struct Buffer {
    /// Of each request, its batches.
    pub(super) requests: Vec<Vec<NewBatch>>,
    /// Of each request, where its answer goes.
    pub(super) replies: Vec<Reply>,
    /// How many bytes the batches have.
    pub(super) bytes: u64,
    /// When the first request came.
    pub(super) opened: Instant,
}

impl Buffer {
    pub(super) fn new(opened: Instant) -> Self {
        Self { requests: Vec::new(), replies: Vec::new(), bytes: 0, opened }
    }

    pub(super) fn push(&mut self, batches: Vec<NewBatch>, bytes: u64, reply: Reply) {
        self.requests.push(batches);
        self.replies.push(reply);
        self.bytes += bytes;
    }
}
