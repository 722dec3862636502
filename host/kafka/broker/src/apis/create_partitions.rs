//! CreatePartitions 0 to 3. Assignments to brokers are taken when there is one for each new partition, and mean nothing
//! else. `timeout_ms` is not needed.

use std::collections::HashSet;

use forebay_kafka_security::{Operation, ResourceType};
use forebay_model::PartitionCount;
use forebay_storage_metadata::{AddPartitionsError, TopicSelection};
use kafka_protocol::error::ResponseError;
use kafka_protocol::messages::create_partitions_request::CreatePartitionsTopic;
use kafka_protocol::messages::create_partitions_response::CreatePartitionsTopicResult;
use kafka_protocol::messages::{CreatePartitionsRequest, CreatePartitionsResponse};

use super::resources::{Mode, Refused};
use super::{TOPIC_DENIED, denied, message};
use crate::broker::Parts;
use crate::configs::MOST_PARTITIONS;
use crate::error_code;
use crate::service::Call;

pub(crate) async fn answer(
    parts: &Parts,
    call: &Call,
    request: CreatePartitionsRequest,
) -> CreatePartitionsResponse {
    let mode = Mode::of(request.validate_only);
    let mut seen = HashSet::new();
    let names = request.topics.iter().map(|topic| topic.name.clone());
    let twice: HashSet<_> = names.filter(|name| !seen.insert(name.clone())).collect();
    let mut results = Vec::with_capacity(request.topics.len());
    for asked in request.topics {
        let added = if twice.contains(&asked.name) {
            Err((ResponseError::InvalidRequest, "the request names this topic more than once".to_owned()))
        } else if !call.access.allows(Operation::Alter, ResourceType::Topic, &asked.name) {
            Err((TOPIC_DENIED, denied(Operation::Alter, "the topic")))
        } else {
            add(parts, &asked, mode).await
        };
        let result = CreatePartitionsTopicResult::default().with_name(asked.name);
        results.push(match added {
            Ok(()) => result,
            Err((code, text)) => result.with_error_code(code.code()).with_error_message(message(text)),
        });
    }
    CreatePartitionsResponse::default().with_results(results)
}

async fn add(parts: &Parts, asked: &CreatePartitionsTopic, mode: Mode) -> Result<(), Refused> {
    let unknown = || (ResponseError::UnknownTopicOrPartition, "there is no such topic".to_owned());
    let invalid = |text: String| (ResponseError::InvalidPartitions, text);
    let name = asked.name.0.parse().map_err(|_| unknown())?;
    let found = parts.metadata.describe_topics(parts.cluster(), &TopicSelection::Names(vec![name])).await;
    let found = found.map_err(|failure| (error_code::of_store(&failure), failure.to_string()))?;
    let topic = found.into_iter().next().ok_or_else(unknown)?;
    let has = topic.partitions.get();
    let total = PartitionCount::new(asked.count)
        .ok()
        .filter(|total| total.get() <= MOST_PARTITIONS)
        .ok_or_else(|| invalid(format!("a topic has 1 to {MOST_PARTITIONS} partitions")))?;
    if total <= topic.partitions {
        return Err(invalid(AddPartitionsError::NotMore { has: topic.partitions }.to_string()));
    }
    let new = usize::try_from(total.get() - has).unwrap_or(usize::MAX);
    if let Some(assignments) = &asked.assignments
        && assignments.len() != new
    {
        let text = format!("{} assignments are given for {new} new partitions", assignments.len());
        return Err((ResponseError::InvalidReplicaAssignment, text));
    }
    if mode == Mode::ValidateOnly {
        return Ok(());
    }
    let added = parts.metadata.add_partitions(parts.cluster(), topic.id, total).await;
    parts.topics.forget(topic.id);
    added.map_err(|error| match &error {
        AddPartitionsError::NoTopic { .. } => unknown(),
        AddPartitionsError::NotMore { .. } => invalid(error.to_string()),
        AddPartitionsError::Store(failure) => (error_code::of_store(failure), error.to_string()),
    })
}
