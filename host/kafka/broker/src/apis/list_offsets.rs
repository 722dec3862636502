//! ListOffsets 1 to 10: earliest (-2, and -4: all there is counts as local), latest (-1), the record with the largest
//! timestamp (-3), the latest that went to another tier (-5: there is none), and by timestamp. What is committed is
//! stable: there are no transactions yet.

use forebay_kafka_security::{Operation, ResourceType};
use forebay_model::{Offset, Timestamp, TopicIdPartition};
use forebay_storage_log::LookupError;
use forebay_storage_metadata::{Kind, LogMissing, OffsetQuery};
use kafka_protocol::error::ResponseError;
use kafka_protocol::messages::list_offsets_request::ListOffsetsPartition;
use kafka_protocol::messages::list_offsets_response::{
    ListOffsetsPartitionResponse, ListOffsetsTopicResponse,
};
use kafka_protocol::messages::{ListOffsetsRequest, ListOffsetsResponse};
use uuid::Uuid;

use super::{LEADER_EPOCH, TOPIC_DENIED, topic_key};
use crate::broker::Parts;
use crate::error_code;
use crate::service::Call;

/// No such offset, or no such time.
const NONE: i64 = -1;
/// The first version with leader epochs.
const EPOCHS: i16 = 4;

/// What is asked about a partition.
enum Question {
    Log(TopicIdPartition, OffsetQuery),
    /// Nothing is ever there.
    Nowhere,
}

pub(crate) async fn answer(parts: &Parts, call: &Call, request: ListOffsetsRequest) -> ListOffsetsResponse {
    let mut topics = Vec::with_capacity(request.topics.len());
    for topic in request.topics {
        let key = topic_key(&topic.name, Uuid::nil());
        let found = match key {
            Some(key) => parts.topics.find(&[key]).await.map(|mut found| found.pop().flatten()),
            None => Ok(None),
        };
        let may_describe = call.access.allows(Operation::Describe, ResourceType::Topic, &topic.name);
        let questions: Vec<_> = topic
            .partitions
            .iter()
            .map(|asked| {
                if !may_describe {
                    return Err(TOPIC_DENIED);
                }
                let topic = found.as_ref().map_err(error_code::of_store)?;
                let log = topic.as_ref().and_then(|topic| topic.log(asked.partition_index));
                question(log.ok_or(ResponseError::UnknownTopicOrPartition)?, asked)
            })
            .collect();
        let partitions = answers(parts, call, &topic.partitions, questions).await;
        topics.push(ListOffsetsTopicResponse::default().with_name(topic.name).with_partitions(partitions));
    }
    ListOffsetsResponse::default().with_topics(topics)
}

fn question(log: TopicIdPartition, asked: &ListOffsetsPartition) -> Result<Question, ResponseError> {
    if asked.current_leader_epoch > LEADER_EPOCH {
        return Err(ResponseError::UnknownLeaderEpoch);
    }
    Ok(match asked.timestamp {
        -1 => Question::Log(log, OffsetQuery::Latest),
        -2 | -4 => Question::Log(log, OffsetQuery::Earliest),
        -3 => Question::Log(log, OffsetQuery::MaxTimestamp),
        -5 => Question::Nowhere,
        ..=-6 => return Err(ResponseError::UnsupportedVersion),
        millis => {
            let timestamp = Timestamp::from_millis(millis);
            Question::Log(log, OffsetQuery::At { timestamp, from: Offset::ZERO })
        }
    })
}

/// Asks all questions about a topic at once. Where that fails, each by itself: one partition with records that can't
/// be read is not in the way of others.
async fn answers(
    parts: &Parts,
    call: &Call,
    asked: &[ListOffsetsPartition],
    questions: Vec<Result<Question, ResponseError>>,
) -> Vec<ListOffsetsPartitionResponse> {
    let queries: Vec<_> = questions
        .iter()
        .filter_map(|question| match question {
            Ok(Question::Log(log, query)) => Some((*log, *query)),
            Ok(Question::Nowhere) | Err(_) => None,
        })
        .collect();
    let together = parts.reader.list_offsets(parts.cluster(), queries.clone()).await;
    let mut together = together.ok().map(Vec::into_iter);
    let mut answers = Vec::with_capacity(asked.len());
    for (asked, question) in asked.iter().zip(questions) {
        let found = match question {
            Err(code) => Err(code),
            Ok(Question::Nowhere) => Ok(None),
            Ok(Question::Log(log, query)) => match &mut together {
                Some(together) => of_found(together.next().unwrap_or(Err(LogMissing))),
                None => alone(parts, log, query).await,
            },
        };
        answers.push(written(call, asked, found));
    }
    answers
}

type OffsetAndTime = Option<(Offset, Option<Timestamp>)>;

async fn alone(
    parts: &Parts,
    log: TopicIdPartition,
    query: OffsetQuery,
) -> Result<OffsetAndTime, ResponseError> {
    match parts.reader.list_offsets(parts.cluster(), vec![(log, query)]).await {
        Ok(mut found) => of_found(found.pop().unwrap_or(Err(LogMissing))),
        Err(error) => {
            tracing::warn!(error = &error as &dyn std::error::Error, partition = ?log, "an offset can't be found");
            Err(match &error {
                LookupError::Store(failure) => error_code::of_store(failure),
                LookupError::Read(refusal) => match refusal.kind() {
                    Kind::Corrupt => ResponseError::CorruptMessage,
                    kind => error_code::of_kind(kind),
                },
                LookupError::Batch(_) | LookupError::Records(_) => ResponseError::CorruptMessage,
                LookupError::Changing => ResponseError::OffsetNotAvailable,
            })
        }
    }
}

fn of_found(found: Result<OffsetAndTime, LogMissing>) -> Result<OffsetAndTime, ResponseError> {
    found.map_err(|LogMissing| ResponseError::UnknownTopicOrPartition)
}

fn written(
    call: &Call,
    asked: &ListOffsetsPartition,
    found: Result<OffsetAndTime, ResponseError>,
) -> ListOffsetsPartitionResponse {
    let answer = ListOffsetsPartitionResponse::default()
        .with_partition_index(asked.partition_index)
        .with_timestamp(NONE)
        .with_offset(NONE);
    match found {
        Err(code) => answer.with_error_code(code.code()),
        Ok(None) => answer,
        Ok(Some((offset, time))) => {
            let answer =
                answer.with_offset(offset.get()).with_timestamp(time.map_or(NONE, Timestamp::millis));
            if call.version >= EPOCHS { answer.with_leader_epoch(LEADER_EPOCH) } else { answer }
        }
    }
}
