//! OffsetForLeaderEpoch 2 to 4. There is one epoch, 0, which ends where the log does.

use forebay_kafka_security::{Operation, ResourceType};
use forebay_model::TopicIdPartition;
use kafka_protocol::error::ResponseError;
use kafka_protocol::messages::offset_for_leader_epoch_request::OffsetForLeaderPartition;
use kafka_protocol::messages::offset_for_leader_epoch_response::{
    EpochEndOffset, OffsetForLeaderTopicResult,
};
use kafka_protocol::messages::{OffsetForLeaderEpochRequest, OffsetForLeaderEpochResponse};
use uuid::Uuid;

use super::{LEADER_EPOCH, TOPIC_DENIED, topic_key};
use crate::broker::Parts;
use crate::error_code;
use crate::service::Call;

pub(crate) async fn answer(
    parts: &Parts,
    call: &Call,
    request: OffsetForLeaderEpochRequest,
) -> OffsetForLeaderEpochResponse {
    let mut topics = Vec::with_capacity(request.topics.len());
    for topic in request.topics {
        let mut partitions = Vec::with_capacity(topic.partitions.len());
        let may_describe = call.access.allows(Operation::Describe, ResourceType::Topic, &topic.topic);
        for asked in topic.partitions {
            let end = match log(parts, &topic.topic, &asked).await {
                _ if !may_describe => Err(TOPIC_DENIED),
                Ok(log) => end(parts, log, &asked).await,
                Err(code) => Err(code),
            };
            let answer = EpochEndOffset::default().with_partition(asked.partition);
            partitions.push(match end {
                Ok(Some(end)) => answer.with_leader_epoch(LEADER_EPOCH).with_end_offset(end),
                Ok(None) => answer,
                Err(code) => answer.with_error_code(code.code()),
            });
        }
        topics
            .push(OffsetForLeaderTopicResult::default().with_topic(topic.topic).with_partitions(partitions));
    }
    OffsetForLeaderEpochResponse::default().with_topics(topics)
}

async fn log(
    parts: &Parts,
    topic: &kafka_protocol::messages::TopicName,
    asked: &OffsetForLeaderPartition,
) -> Result<TopicIdPartition, ResponseError> {
    if asked.current_leader_epoch > LEADER_EPOCH {
        return Err(ResponseError::UnknownLeaderEpoch);
    }
    let key = topic_key(topic, Uuid::nil()).ok_or(ResponseError::UnknownTopicOrPartition)?;
    let found =
        parts.topics.find(&[key]).await.map_err(|failure| error_code::of_store(&failure))?.pop().flatten();
    found.and_then(|topic| topic.log(asked.partition)).ok_or(ResponseError::UnknownTopicOrPartition)
}

/// The end of the epoch that is asked about; none of one that never was.
async fn end(
    parts: &Parts,
    log: TopicIdPartition,
    asked: &OffsetForLeaderPartition,
) -> Result<Option<i64>, ResponseError> {
    if asked.leader_epoch != LEADER_EPOCH {
        return Ok(None);
    }
    let bounds = parts.metadata.bounds(parts.cluster(), vec![log]).await;
    let bounds = bounds.map_err(|failure| error_code::of_store(&failure))?.pop().flatten();
    bounds.map(|bounds| Some(bounds.high_watermark.get())).ok_or(ResponseError::UnknownTopicOrPartition)
}
