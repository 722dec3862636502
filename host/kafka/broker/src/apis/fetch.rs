//! Fetch 4 to 17, with sessions. `max_wait_ms`, `min_bytes`, `max_bytes` and those of partitions are kept to; the first
//! batch of an answer is there whatever its size. A fetch that waits is woken by commits. What is committed is
//! stable: there are no transactions yet, so both isolation levels see the same.
//!
//! Followers' fields (replica id and state, high watermarks) are ignored: there are no followers.

mod answer;
mod memory;
mod session;
mod wanted;

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use forebay_lifecycle::clock;
use forebay_model::{ByteCount, Offset, TopicIdPartition};
use forebay_storage_log::{FetchRefusal, Fetched, FetchedBatch};
use forebay_storage_metadata::{FindFrom, LogBounds, StoreFailure};
use kafka_protocol::error::ResponseError;
use kafka_protocol::messages::{FetchRequest, FetchResponse};

use self::answer::{Answered, Records};
pub(crate) use self::memory::FetchMemory;
pub(crate) use self::session::Sessions;
use self::session::{Begun, SessionError};
use crate::acquire::Held;
use crate::authorization::Access;
use crate::broker::Parts;
use crate::error_code;
use crate::service::{Answer, Call, Started};

/// The longest that a fetch waits, whatever it asks for.
const LONGEST_WAIT: Duration = Duration::from_mins(5);
/// What an answer takes beside its records, for each partition.
const PER_PARTITION: usize = 128;

pub(crate) fn start(parts: &Arc<Parts>, call: &Call, request: FetchRequest) -> Started {
    let parts = Arc::clone(parts);
    let (version, access) = (call.version, call.access.clone());
    Started::waiting(async move {
        match parts.sessions.begin(&request, version) {
            Ok(begun) => Box::pin(Fetching::new(&parts, access, &request, begun).answer()).await,
            Err(error) => Answer::from(FetchResponse::default().with_error_code(of_session(error).code())),
        }
    })
}

fn of_session(error: SessionError) -> ResponseError {
    match error {
        SessionError::Unknown => ResponseError::FetchSessionIdNotFound,
        SessionError::Epoch => ResponseError::InvalidFetchSessionEpoch,
    }
}

/// A fetch under way.
struct Fetching<'a> {
    parts: &'a Parts,
    access: Access,
    begun: Begun,
    deadline: Instant,
    min_bytes: u64,
    max_bytes: ByteCount,
}

/// What is known of a wanted partition before its records are read.
type Located = Result<FindFrom, ResponseError>;

impl<'a> Fetching<'a> {
    fn new(parts: &'a Parts, access: Access, request: &FetchRequest, begun: Begun) -> Self {
        let wait = Duration::from_millis(u64::try_from(request.max_wait_ms).unwrap_or(0)).min(LONGEST_WAIT);
        let max_bytes = u64::try_from(request.max_bytes).unwrap_or(0).min(parts.settings.fetch_bytes.get());
        Self {
            parts,
            access,
            begun,
            deadline: clock::now() + wait,
            min_bytes: u64::try_from(request.min_bytes).unwrap_or(0).min(max_bytes),
            max_bytes: ByteCount::new(max_bytes),
        }
    }

    async fn answer(self) -> Answer {
        loop {
            let located = wanted::locate(self.parts, &self.access, &self.begun.wanted).await;
            let from: Vec<_> = located.iter().filter_map(|located| located.as_ref().ok()).copied().collect();
            let known = match self.available(&from).await {
                Ok(Available::Enough(bytes)) => return self.read(located, from, bytes).await,
                Ok(Available::Little { bytes, known }) => {
                    let failed = located.iter().any(Result::is_err);
                    if failed || from.is_empty() || clock::now() >= self.deadline {
                        return self.read(located, from, bytes).await;
                    }
                    known
                }
                Err(failure) => {
                    let code = error_code::of_store(&failure);
                    let failed = located.into_iter().map(|located| Err(located.err().unwrap_or(code)));
                    return self.finish(failed.collect(), None);
                }
            };
            let left = self.deadline.saturating_duration_since(clock::now());
            // Whatever woke it, the next look tells.
            if let Err(failure) = self.parts.metadata.watch_offsets(self.parts.cluster(), known, left).await {
                tracing::debug!(%failure, "a fetch can't wait for commits");
                tokio::time::sleep_until(self.deadline.into()).await;
            }
        }
    }

    /// How much there is, without reading it.
    async fn available(&self, from: &[FindFrom]) -> Result<Available, StoreFailure> {
        let found = self.parts.metadata.find(self.parts.cluster(), from.to_vec(), self.max_bytes).await?;
        let mut bytes = 0;
        let mut known = Vec::with_capacity(from.len());
        let mut refused = false;
        for (from, found) in from.iter().zip(found) {
            match found {
                Ok(found) => {
                    let lengths: u64 = found.runs.iter().map(|run| run.length.get()).sum();
                    // A first batch is sent even when it is larger than what may be.
                    bytes += lengths;
                    known.push((from.log, found.bounds.high_watermark));
                }
                Err(_) => refused = true,
            }
        }
        let enough = refused || (bytes > 0 && bytes >= self.min_bytes) || self.min_bytes == 0;
        Ok(if enough { Available::Enough(bytes) } else { Available::Little { bytes, known } })
    }

    async fn read(self, located: Vec<Located>, from: Vec<FindFrom>, bytes: u64) -> Answer {
        // Twice: once as it is read, once as it is sent.
        let size = usize::try_from(bytes.min(self.max_bytes.get())).unwrap_or(usize::MAX);
        let overhead = located.len().saturating_mul(PER_PARTITION);
        let (held, room) = self.parts.fetch_memory.acquire(size.saturating_add(overhead)).await;
        let max_bytes = self.max_bytes.min(ByteCount::of(room));
        let fetched = self.parts.reader.fetch(self.parts.cluster(), from, max_bytes).await;
        let answered = match fetched {
            Ok(fetched) => {
                let mut fetched = fetched.into_iter();
                located
                    .into_iter()
                    .map(|located| {
                        let from = located?;
                        let fetched = fetched.next().ok_or(ResponseError::UnknownServerError)?;
                        of_fetched(self.parts, from.log, fetched)
                    })
                    .collect()
            }
            Err(error) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "records can't be fetched");
                let code = ResponseError::KafkaStorageError;
                located.into_iter().map(|located| Err(located.err().unwrap_or(code))).collect()
            }
        };
        self.finish(answered, Some(held))
    }

    fn finish(self, answered: Vec<Answered>, held: Option<Held>) -> Answer {
        let response = self.parts.sessions.finish(self.begun, answered);
        match held {
            Some(held) => Answer::holding(response, held),
            None => Answer::from(response),
        }
    }
}

enum Available {
    /// As much as was asked for, or something to tell that can't wait.
    Enough(u64),
    Little {
        bytes: u64,
        /// The ends of the logs, to wait for others.
        known: Vec<(TopicIdPartition, Offset)>,
    },
}

fn of_fetched(parts: &Parts, log: TopicIdPartition, fetched: Result<Fetched, FetchRefusal>) -> Answered {
    match fetched {
        Ok(Fetched { bounds, batches }) => {
            parts.metrics.fetched(&batches);
            Ok(Records { bounds, bytes: joined(&batches), code: None })
        }
        Err(FetchRefusal::Index(refusal)) => {
            let code = error_code::of_find(refusal);
            match refusal {
                forebay_storage_metadata::FindRefusal::OutOfRange(bounds) => Ok(out_of_range(bounds, code)),
                forebay_storage_metadata::FindRefusal::NoPartition => {
                    // What was known of the topic is old.
                    parts.topics.forget(log.topic);
                    Err(code)
                }
            }
        }
        Err(refusal @ (FetchRefusal::Block(_) | FetchRefusal::Corrupt { .. })) => {
            let code = match refusal.kind() {
                forebay_storage_metadata::Kind::Corrupt => ResponseError::CorruptMessage,
                kind => error_code::of_kind(kind),
            };
            tracing::warn!(error = &refusal as &dyn std::error::Error, partition = ?log, "records can't be read");
            Err(code)
        }
    }
}

fn out_of_range(bounds: LogBounds, code: ResponseError) -> Records {
    Records { bounds, bytes: Bytes::new(), code: Some(code) }
}

/// The batches one behind the other.
fn joined(batches: &[FetchedBatch]) -> Bytes {
    let mut bytes = BytesMut::with_capacity(batches.iter().map(FetchedBatch::len).sum());
    for batch in batches {
        bytes.extend_from_slice(&batch.header);
        for piece in &batch.body {
            bytes.extend_from_slice(piece);
        }
    }
    bytes.freeze()
}
