//! DeleteTopics 1 to 6, by name or id. The name is free at once. `timeout_ms` is not needed.

use forebay_kafka_security::{Operation, ResourceType};
use forebay_model::TopicId;
use forebay_storage_metadata::{DeleteTopicError, TopicSelection};
use kafka_protocol::error::ResponseError;
use kafka_protocol::messages::delete_topics_request::DeleteTopicState;
use kafka_protocol::messages::delete_topics_response::DeletableTopicResult;
use kafka_protocol::messages::{DeleteTopicsRequest, DeleteTopicsResponse};

use super::{TOPIC_DENIED, denied, message, topic_key, wire_name};
use crate::broker::Parts;
use crate::error_code;
use crate::service::Call;
use crate::topics::TopicKey;

/// The first version with messages in answers.
const MESSAGES: i16 = 5;

pub(crate) async fn answer(parts: &Parts, call: &Call, request: DeleteTopicsRequest) -> DeleteTopicsResponse {
    let named = request.topic_names.into_iter().map(|name| DeleteTopicState::default().with_name(Some(name)));
    let mut results = Vec::new();
    for asked in request.topics.into_iter().chain(named) {
        let deleted = delete(parts, call, &asked).await;
        let result = DeletableTopicResult::default().with_name(asked.name).with_topic_id(asked.topic_id);
        results.push(match deleted {
            Ok((id, name)) if call.version >= 6 => result.with_name(Some(name)).with_topic_id(id.uuid()),
            Ok(_) => result,
            Err((code, text)) if call.version >= MESSAGES => {
                result.with_error_code(code.code()).with_error_message(message(text))
            }
            Err((code, _)) => result.with_error_code(code.code()),
        });
    }
    DeleteTopicsResponse::default().with_responses(results)
}

type Deleted = (TopicId, kafka_protocol::messages::TopicName);

async fn delete(
    parts: &Parts,
    call: &Call,
    asked: &DeleteTopicState,
) -> Result<Deleted, (ResponseError, String)> {
    let may_delete = |name: &str| call.access.allows(Operation::Delete, ResourceType::Topic, name);
    let forbidden = || (TOPIC_DENIED, denied(Operation::Delete, "the topic"));
    // Who may not delete a topic is not told whether it is there.
    if let Some(name) = &asked.name
        && asked.topic_id.is_nil()
        && !may_delete(name)
    {
        return Err(forbidden());
    }
    let store = |failure: &forebay_storage_metadata::StoreFailure| {
        (error_code::of_store(failure), failure.to_string())
    };
    let cluster = parts.topics.cluster_config().await.map_err(|failure| store(&failure))?;
    if !cluster.delete_topics {
        return Err((ResponseError::TopicDeletionDisabled, "delete.topic.enable is false".to_owned()));
    }
    let unknown = (ResponseError::UnknownTopicOrPartition, "there is no such topic".to_owned());
    let key = topic_key(&asked.name.clone().unwrap_or_default(), asked.topic_id);
    // What is to be deleted is asked for afresh: a name may stand for another topic than a moment ago.
    let (selection, unknown) = match key {
        Some(TopicKey::Name(name)) => (TopicSelection::Names(vec![name]), unknown),
        Some(TopicKey::Id(id)) => (TopicSelection::Ids(vec![id]), (ResponseError::UnknownTopicId, unknown.1)),
        None => return Err(unknown),
    };
    let found = parts.metadata.describe_topics(parts.cluster(), &selection).await;
    let topic = found.map_err(|failure| store(&failure))?.pop().ok_or_else(|| unknown.clone())?;
    if !may_delete(topic.name.as_str()) {
        return Err(forbidden());
    }
    let deleted = parts.metadata.delete_topic(parts.cluster(), topic.id).await;
    parts.topics.forget(topic.id);
    match deleted {
        Ok(()) => Ok((topic.id, wire_name(&topic.name))),
        Err(DeleteTopicError::NoTopic { .. }) => Err(unknown),
        Err(DeleteTopicError::Store(failure)) => Err(store(&failure)),
    }
}
