//! Produce 3 to 13. Batches that can't be taken are refused one by one; the rest of a request is committed together,
//! or not at all, and answered when it is, for every `acks` but 0.
//!
//! `timeout_ms` is kept to, but not below a second: every commit takes a while. What is answered as timed out may still be
//! committed. Transactions are refused.

mod admission;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use forebay_storage_log::{AppendError, NewBatch};
use forebay_storage_metadata::{BatchCommitted, BatchRefusal, Kind, ProduceOutcome};
use kafka_protocol::error::ResponseError;
use kafka_protocol::messages::produce_response::{PartitionProduceResponse, TopicProduceResponse};
use kafka_protocol::messages::{ProduceRequest, ProduceResponse};

use self::admission::{Admission, Refusal};
use super::message;
use crate::broker::Parts;
use crate::error_code;
use crate::service::{Answer, Call, Started};

const SHORTEST_TIMEOUT: Duration = Duration::from_secs(1);
/// Unknown offsets and times.
const UNKNOWN: i64 = -1;

type Appending = Pin<Box<dyn Future<Output = Result<ProduceOutcome, AppendError>> + Send>>;

/// Where the answer about a batch goes: the topic and the partition in the order of the request.
#[derive(Debug, Clone, Copy)]
struct Place {
    topic: usize,
    partition: usize,
}

pub(crate) async fn start(parts: &Arc<Parts>, call: &Call, request: ProduceRequest) -> Started {
    let timeout = Duration::from_millis(u64::try_from(request.timeout_ms).unwrap_or(0)).max(SHORTEST_TIMEOUT);
    let mut response = unanswered(&request);
    let (places, batches) =
        Admission::new(parts, call, &request).await.take(parts, request, &mut response).await;
    if batches.is_empty() {
        return Started::Answered(Answer::from(response));
    }
    let logs: Vec<_> = batches.iter().map(|batch| batch.log.topic).collect();
    let volume = Volume::of(&batches);
    let mut appending = append(Arc::clone(parts), batches);
    // Polled once, here: from now on the batches have their place behind those of earlier requests.
    if let std::task::Poll::Ready(outcome) = futures_util::poll!(&mut appending) {
        volume.count(parts, &outcome);
        settle(parts, &logs, &mut response, &places, outcome);
        return Started::Answered(Answer::from(response));
    }
    let parts = Arc::clone(parts);
    Started::waiting(async move {
        match tokio::time::timeout(timeout, appending).await {
            Ok(outcome) => {
                volume.count(&parts, &outcome);
                settle(&parts, &logs, &mut response, &places, outcome);
            }
            Err(_) => refuse_all(&mut response, &places, &late(timeout)),
        }
        Answer::from(response)
    })
}

/// How much a request brings.
#[derive(Debug, Clone, Copy)]
struct Volume {
    bytes: u64,
    records: u64,
}

impl Volume {
    fn of(batches: &[NewBatch]) -> Self {
        let bytes = batches.iter().map(|batch| batch.bytes.len() as u64).sum();
        let records = batches.iter().map(|batch| u64::from(batch.records.get())).sum();
        Self { bytes, records }
    }

    fn count(self, parts: &Parts, outcome: &Result<ProduceOutcome, AppendError>) {
        match outcome {
            Ok(ProduceOutcome::Committed(_)) => parts.metrics.produced(self.bytes, self.records),
            Err(AppendError::Backpressure(signal)) => parts.metrics.refused(*signal),
            Ok(ProduceOutcome::Refused(_)) | Err(_) => {}
        }
    }
}

fn append(parts: Arc<Parts>, batches: Vec<NewBatch>) -> Appending {
    Box::pin(async move { parts.writer.append(parts.cluster(), batches).await })
}

fn late(timeout: Duration) -> Refusal {
    let text = format!("not committed within {} ms; it may still be", timeout.as_millis());
    Refusal::new(ResponseError::RequestTimedOut, text)
}

/// An answer with a place for every partition.
fn unanswered(request: &ProduceRequest) -> ProduceResponse {
    let topics = request.topic_data.iter().map(|topic| {
        let partitions = topic.partition_data.iter().map(|partition| {
            PartitionProduceResponse::default()
                .with_index(partition.index)
                .with_base_offset(UNKNOWN)
                .with_log_append_time_ms(UNKNOWN)
                .with_log_start_offset(UNKNOWN)
        });
        TopicProduceResponse::default()
            .with_name(topic.name.clone())
            .with_topic_id(topic.topic_id)
            .with_partition_responses(partitions.collect())
    });
    ProduceResponse::default().with_responses(topics.collect())
}

fn at(response: &mut ProduceResponse, place: Place) -> Option<&mut PartitionProduceResponse> {
    response.responses.get_mut(place.topic)?.partition_responses.get_mut(place.partition)
}

fn settle(
    parts: &Parts,
    topics: &[forebay_model::TopicId],
    response: &mut ProduceResponse,
    places: &[Place],
    outcome: Result<ProduceOutcome, AppendError>,
) {
    match outcome {
        Ok(ProduceOutcome::Committed(committed)) => {
            for (place, committed) in places.iter().zip(committed) {
                if let Some(partition) = at(response, *place) {
                    accept(partition, committed);
                }
            }
        }
        Ok(ProduceOutcome::Refused(refusals)) => {
            for ((place, topic), refusal) in places.iter().zip(topics).zip(refusals) {
                if refusal == Some(BatchRefusal::NoPartition) {
                    // What was known of the topic is old.
                    parts.topics.forget(*topic);
                }
                if let Some(partition) = at(response, *place) {
                    refuse(partition, &of_batch(refusal));
                }
            }
        }
        Err(error) => {
            if !matches!(error, AppendError::Backpressure(_)) {
                tracing::warn!(error = &error as &dyn std::error::Error, "records were not committed");
            }
            refuse_all(response, places, &of_append(&error));
        }
    }
}

fn accept(partition: &mut PartitionProduceResponse, committed: BatchCommitted) {
    partition.base_offset = committed.base_offset.get();
    partition.log_append_time_ms =
        committed.log_append_time.map_or(UNKNOWN, forebay_model::Timestamp::millis);
    partition.log_start_offset = committed.log_start.get();
}

fn refuse(partition: &mut PartitionProduceResponse, refusal: &Refusal) {
    partition.error_code = refusal.code.code();
    partition.error_message = message(&refusal.text);
}

fn refuse_all(response: &mut ProduceResponse, places: &[Place], refusal: &Refusal) {
    for place in places {
        if let Some(partition) = at(response, *place) {
            refuse(partition, refusal);
        }
    }
}

fn of_batch(refusal: Option<BatchRefusal>) -> Refusal {
    match refusal {
        Some(refusal) => Refusal::new(error_code::of_batch(refusal), refusal),
        // Nothing is wrong with this one, and it is not written: what clients send again without a question.
        None => Refusal::new(
            ResponseError::NotEnoughReplicas,
            "another batch of the request was refused, and they are committed together",
        ),
    }
}

fn of_append(error: &AppendError) -> Refusal {
    let code = match error {
        AppendError::TooLarge { .. } => ResponseError::MessageTooLarge,
        AppendError::Empty => ResponseError::InvalidRecord,
        AppendError::Backpressure(_)
        | AppendError::Closed
        | AppendError::FollowsFailed
        | AppendError::Upload(_)
        | AppendError::Commit(_)
        | AppendError::Lost => match error.kind() {
            // Whether it was committed is not known, or known to nobody who could say: producers try again.
            Kind::Internal | Kind::Corrupt => ResponseError::KafkaStorageError,
            kind => error_code::of_kind(kind),
        },
    };
    Refusal::new(code, error)
}
