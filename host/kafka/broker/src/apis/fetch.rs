//! Fetch 4 to 17, with sessions. `max_wait_ms`, `min_bytes`, `max_bytes` and those of partitions are kept to; the first
//! batch of an answer is there whatever its size. A fetch that waits is woken by commits, and when the agent
//! stops. What is committed is stable: there are no transactions yet, so both isolation levels see the same.
//!
//! Followers' fields (replica id and state, high watermarks) are ignored: there are no followers.

mod answer;
mod memory;
mod session;
mod wanted;

use std::sync::Arc;
use std::time::{Duration, Instant};

use forebay_kafka_wire::Pieces;
use forebay_lifecycle::clock;
use forebay_model::{ByteCount, Offset, TopicIdPartition};
use forebay_storage_log::{FetchError, FetchRefusal, Fetched, Indexed};
use forebay_storage_metadata::{FindFrom, LogBounds};
use kafka_protocol::error::ResponseError;
use kafka_protocol::messages::{FetchRequest, FetchResponse};

pub use self::answer::FetchAnswer;
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
    let (version, access, consumes) = (call.version, call.access.clone(), call.roles.consumes());
    Started::waiting(async move {
        match parts.sessions.begin(&request, version) {
            Ok(begun) => Box::pin(Fetching::new(&parts, (access, consumes), &request, begun).answer()).await,
            Err(error) => {
                let response = FetchResponse::default().with_error_code(of_session(error).code());
                Answer::from(FetchAnswer::from(response))
            }
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
    /// Whether this agent serves consumers.
    consumes: bool,
    begun: Begun,
    deadline: Instant,
    min_bytes: u64,
    max_bytes: ByteCount,
}

/// What is known of a wanted partition before its records are read.
type Located = Result<FindFrom, ResponseError>;

impl<'a> Fetching<'a> {
    fn new(
        parts: &'a Parts,
        (access, consumes): (Access, bool),
        request: &FetchRequest,
        begun: Begun,
    ) -> Self {
        let wait = Duration::from_millis(u64::try_from(request.max_wait_ms).unwrap_or(0)).min(LONGEST_WAIT);
        let max_bytes = u64::try_from(request.max_bytes).unwrap_or(0).min(parts.settings.fetch_bytes.get());
        Self {
            parts,
            access,
            consumes,
            begun,
            deadline: clock::now() + wait,
            min_bytes: u64::try_from(request.min_bytes).unwrap_or(0).min(max_bytes),
            max_bytes: ByteCount::new(max_bytes),
        }
    }

    async fn answer(self) -> Answer {
        if !self.consumes {
            // Its client asks for metadata again, and is told where consumers may come.
            let refused = self.begun.wanted.iter().map(|_| Err(ResponseError::NotLeaderOrFollower)).collect();
            return self.finish(refused, None);
        }
        loop {
            let located = wanted::locate(self.parts, &self.access, &self.begun.wanted).await;
            let from: Vec<_> = located.iter().filter_map(|located| located.as_ref().ok()).copied().collect();
            let indexed = match self.parts.reader.find(self.parts.cluster(), from, self.max_bytes).await {
                Ok(indexed) => indexed,
                Err(error) => {
                    let code = match error {
                        FetchError::Store(failure) => error_code::of_store(&failure),
                        FetchError::Answers { .. } => ResponseError::UnknownServerError,
                    };
                    let failed = located.into_iter().map(|located| Err(located.err().unwrap_or(code)));
                    return self.finish(failed.collect(), None);
                }
            };
            let there = There::of(&indexed);
            let failed = there.is_refused || located.iter().any(Result::is_err);
            let retired = self.parts.groups.retired();
            let is_over = clock::now() >= self.deadline || retired.is_cancelled();
            if failed || indexed.is_empty() || self.is_enough(there.bytes) || is_over {
                return self.read(located, indexed, there.bytes).await;
            }
            let left = self.deadline.saturating_duration_since(clock::now());
            // Whatever woke it, the next look tells.
            let ends = there.ends;
            let watch = self.parts.metadata.watch_offsets(self.parts.cluster(), ends, left);
            if let Some(Err(failure)) = retired.run_until_cancelled(watch).await {
                tracing::debug!(%failure, "a fetch can't wait for commits");
                retired.run_until_cancelled(tokio::time::sleep_until(self.deadline.into())).await;
            }
        }
    }

    fn is_enough(&self, bytes: u64) -> bool {
        self.min_bytes == 0 || (bytes > 0 && bytes >= self.min_bytes)
    }

    async fn read(self, located: Vec<Located>, indexed: Vec<Indexed>, bytes: u64) -> Answer {
        let size = usize::try_from(bytes.min(self.max_bytes.get())).unwrap_or(usize::MAX);
        let overhead = located.len().saturating_mul(PER_PARTITION);
        let (held, room) = self.parts.fetch_memory.acquire(size.saturating_add(overhead)).await;
        let max_bytes = self.max_bytes.min(ByteCount::of(room));
        let logs: Vec<_> = indexed.iter().map(|indexed| indexed.wanted.log).collect();
        let fetched = self.parts.reader.read(self.parts.cluster(), indexed, max_bytes).await;
        let answered = match fetched {
            Ok(fetched) => {
                let mut fetched = logs.into_iter().zip(fetched);
                located
                    .into_iter()
                    .map(|located| {
                        located?;
                        let (log, fetched) = fetched.next().ok_or(ResponseError::UnknownServerError)?;
                        of_fetched(self.parts, log, fetched)
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

/// What there is, without reading it.
struct There {
    /// A first batch is sent even when it is larger than what may be.
    bytes: u64,
    /// The ends of the logs, to wait for others.
    ends: Vec<(TopicIdPartition, Offset)>,
    /// Something is to be told that can't wait.
    is_refused: bool,
}

impl There {
    fn of(indexed: &[Indexed]) -> Self {
        let mut there = Self { bytes: 0, ends: Vec::with_capacity(indexed.len()), is_refused: false };
        for Indexed { wanted, found } in indexed {
            match found {
                Ok(found) => {
                    there.bytes += found.runs.iter().map(|run| run.length.get()).sum::<u64>();
                    there.ends.push((wanted.log, found.bounds.high_watermark));
                }
                Err(_) => there.is_refused = true,
            }
        }
        there
    }
}

fn of_fetched(parts: &Parts, log: TopicIdPartition, fetched: Result<Fetched, FetchRefusal>) -> Answered {
    match fetched {
        Ok(Fetched { bounds, batches, records }) => {
            parts.metrics.fetched(batches.len() as u64, records);
            Ok(Records { bounds, bytes: batches, code: None })
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
    Records { bounds, bytes: Pieces::default(), code: Some(code) }
}
