//! DeleteRecords 0 to 2. Offset -1 deletes all that there is. `timeout_ms` is not needed.

use forebay_kafka_security::{Operation, ResourceType};
use forebay_model::{Offset, TopicIdPartition};
use forebay_storage_metadata::{DeleteBefore, RecordsKept};
use kafka_protocol::error::ResponseError;
use kafka_protocol::messages::delete_records_request::DeleteRecordsTopic;
use kafka_protocol::messages::delete_records_response::{
    DeleteRecordsPartitionResult, DeleteRecordsTopicResult,
};
use kafka_protocol::messages::{DeleteRecordsRequest, DeleteRecordsResponse};
use uuid::Uuid;

use super::{TOPIC_DENIED, topic_key};
use crate::broker::Parts;
use crate::error_code;
use crate::service::Call;

/// What clients write for the end of the log.
const END: i64 = -1;
const UNKNOWN: i64 = -1;

pub(crate) async fn answer(
    parts: &Parts,
    call: &Call,
    request: DeleteRecordsRequest,
) -> DeleteRecordsResponse {
    let mut topics = Vec::with_capacity(request.topics.len());
    for topic in request.topics {
        topics.push(of_topic(parts, call, topic).await);
    }
    DeleteRecordsResponse::default().with_topics(topics)
}

async fn of_topic(parts: &Parts, call: &Call, topic: DeleteRecordsTopic) -> DeleteRecordsTopicResult {
    let found = match topic_key(&topic.name, Uuid::nil()) {
        Some(key) => parts.topics.find(&[key]).await.map(|mut found| found.pop().flatten()),
        None => Ok(None),
    };
    let may_delete = call.access.allows(Operation::Delete, ResourceType::Topic, &topic.name);
    let mut partitions = Vec::with_capacity(topic.partitions.len());
    for asked in topic.partitions {
        let log = match &found {
            _ if !may_delete => Err(TOPIC_DENIED),
            Ok(found) => found
                .as_ref()
                .and_then(|topic| topic.log(asked.partition_index))
                .ok_or(ResponseError::UnknownTopicOrPartition),
            Err(failure) => Err(error_code::of_store(failure)),
        };
        let deleted = match log {
            Ok(log) => delete(parts, log, asked.offset).await,
            Err(code) => Err(code),
        };
        let answer = DeleteRecordsPartitionResult::default().with_partition_index(asked.partition_index);
        partitions.push(match deleted {
            Ok(low_watermark) => answer.with_low_watermark(low_watermark.get()),
            Err(code) => answer.with_low_watermark(UNKNOWN).with_error_code(code.code()),
        });
    }
    DeleteRecordsTopicResult::default().with_name(topic.name).with_partitions(partitions)
}

async fn delete(parts: &Parts, log: TopicIdPartition, offset: i64) -> Result<Offset, ResponseError> {
    let before = match offset {
        END => DeleteBefore::End,
        offset => DeleteBefore::Offset(Offset::new(offset).map_err(|_| ResponseError::OffsetOutOfRange)?),
    };
    let deleted = parts.metadata.delete_records(parts.cluster(), vec![(log, before)]).await;
    match deleted.map_err(|failure| error_code::of_store(&failure))?.pop() {
        Some(Ok(log_start)) => Ok(log_start),
        Some(Err(RecordsKept::OutOfRange { .. })) => Err(ResponseError::OffsetOutOfRange),
        Some(Err(RecordsKept::NoPartition)) | None => Err(ResponseError::UnknownTopicOrPartition),
    }
}
