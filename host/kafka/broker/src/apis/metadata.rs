//! Metadata 0 to 13. Each client is told of one agent, which is the only broker, the controller, and the leader of every
//! partition: see `placement`.
//! Topics that are named and do not exist are made, where client and cluster allow it.

use std::sync::Arc;

use forebay_kafka_security::{Operation, ResourceType};
use forebay_model::TopicName as ModelTopicName;
use forebay_storage_metadata::{Configs, CreateTopicError, NewTopic, TopicDescription, TopicSelection};
use kafka_protocol::error::ResponseError;
use kafka_protocol::messages::metadata_request::MetadataRequestTopic;
use kafka_protocol::messages::metadata_response::{
    MetadataResponseBroker, MetadataResponsePartition, MetadataResponseTopic,
};
use kafka_protocol::messages::{BrokerId, MetadataRequest, MetadataResponse, TopicName};
use kafka_protocol::protocol::StrBytes;

use super::describe_cluster::cluster_operations;
use super::{LEADER_EPOCH, TOPIC_DENIED, once, topic_key, wire_name};
use crate::broker::Parts;
use crate::error_code;
use crate::neighbours::RACK;
use crate::placement::Purpose;
use crate::service::Call;
use crate::topics::TopicKey;

/// The first version in which asking for no topics is not asking for all.
const NONE_IS_NONE: i16 = 1;
/// The first version in which a topic may have no name in an answer.
const NAMES_OPTIONAL: i16 = 12;
const NOT_ASKED: i32 = i32::MIN;

pub(crate) async fn answer(parts: &Parts, call: &Call, request: MetadataRequest) -> MetadataResponse {
    let named = parts.named(call, Purpose::Lead).await;
    let has_operations = request.include_topic_authorized_operations;
    let told = Told { parts, call, node: named.node, has_operations };
    let all = request.topics.as_ref().is_none_or(|topics| call.version < NONE_IS_NONE && topics.is_empty());
    let topics = if all {
        all_topics(&told).await
    } else {
        let asked = once(request.topics.unwrap_or_default(), |asked| (asked.name.clone(), asked.topic_id));
        // Before version 4 nobody could say that topics must not be made.
        named_topics(&told, asked, request.allow_auto_topic_creation || call.version < 4).await
    };
    let broker = MetadataResponseBroker::default()
        .with_node_id(named.node)
        .with_host(named.host)
        .with_port(named.port)
        .with_rack(Some(StrBytes::from_static_str(RACK)));
    let response = MetadataResponse::default()
        .with_brokers(vec![broker])
        .with_cluster_id(Some(StrBytes::from_string(parts.cluster().as_str().to_owned())))
        .with_controller_id(named.node)
        .with_topics(topics);
    if request.include_cluster_authorized_operations {
        response.with_cluster_authorized_operations(cluster_operations(call))
    } else {
        response
    }
}

/// To whom topics are told, and how much of them.
struct Told<'a> {
    parts: &'a Parts,
    call: &'a Call,
    /// The leader.
    node: BrokerId,
    has_operations: bool,
}

impl Told<'_> {
    fn may(&self, operation: Operation, topic: &str) -> bool {
        self.call.access.allows(operation, ResourceType::Topic, topic)
    }

    fn may_create(&self, topic: &str) -> bool {
        self.call.access.allows_on_cluster(Operation::Create) || self.may(Operation::Create, topic)
    }
}

async fn all_topics(told: &Told<'_>) -> Vec<MetadataResponseTopic> {
    let parts = told.parts;
    match parts.metadata.describe_topics(parts.cluster(), &TopicSelection::All).await {
        Ok(topics) => {
            let mine = topics.iter().filter(|topic| told.may(Operation::Describe, topic.name.as_str()));
            mine.map(|topic| described(told, topic)).collect()
        }
        // The protocol has no room to say that the store is away: a client that sees no topics asks again.
        Err(failure) => {
            tracing::warn!(%failure, "topics can't be listed");
            Vec::new()
        }
    }
}

async fn named_topics(
    told: &Told<'_>,
    asked: Vec<MetadataRequestTopic>,
    may_create: bool,
) -> Vec<MetadataResponseTopic> {
    let Told { parts, call, .. } = told;
    let keys: Vec<_> = asked
        .iter()
        .map(|asked| topic_key(&asked.name.clone().unwrap_or_default(), asked.topic_id))
        .collect();
    let known: Vec<_> = keys.iter().flatten().cloned().collect();
    let mut found = match parts.topics.find(&known).await {
        Ok(found) => found.into_iter(),
        Err(failure) => {
            let code = error_code::of_store(&failure);
            return asked.into_iter().map(|asked| refused(call, asked, code)).collect();
        }
    };
    let mut answers = Vec::with_capacity(asked.len());
    for (asked, key) in asked.into_iter().zip(keys) {
        let answer = match (key.as_ref().and_then(|_| found.next()).flatten(), key) {
            (Some(topic), _) if told.may(Operation::Describe, topic.description.name.as_str()) => {
                Ok(described(told, &topic.description))
            }
            (Some(_), _) => Err(TOPIC_DENIED),
            (None, None) => Err(ResponseError::InvalidTopicException),
            (None, Some(TopicKey::Id(_))) => Err(ResponseError::UnknownTopicId),
            // Who may not know of a topic is not told whether it is there.
            (None, Some(TopicKey::Name(name))) if !told.may(Operation::Describe, name.as_str()) => {
                Err(TOPIC_DENIED)
            }
            (None, Some(TopicKey::Name(_))) if !may_create => Err(ResponseError::UnknownTopicOrPartition),
            (None, Some(TopicKey::Name(name))) => {
                create(told, name).await.map(|topic| described(told, &topic))
            }
        };
        answers.push(answer.unwrap_or_else(|code| refused(call, asked, code)));
    }
    answers
}

/// Makes a topic that somebody asked about, if the cluster allows that.
async fn create(told: &Told<'_>, name: ModelTopicName) -> Result<Arc<TopicDescription>, ResponseError> {
    let parts = told.parts;
    let config = parts.topics.cluster_config().await.map_err(|failure| error_code::of_store(&failure))?;
    if !config.auto_create_topics {
        return Err(ResponseError::UnknownTopicOrPartition);
    }
    if !told.may_create(name.as_str()) {
        return Err(TOPIC_DENIED);
    }
    let topic = NewTopic { name: name.clone(), partitions: config.partitions, configs: Configs::default() };
    match parts.metadata.create_topic(parts.cluster(), &topic).await {
        Ok(topic) => Ok(Arc::new(topic)),
        // Somebody else was as quick.
        Err(CreateTopicError::Exists { .. }) => {
            let found = parts.topics.find(&[TopicKey::Name(name)]).await;
            let found = found.map_err(|failure| error_code::of_store(&failure))?.pop().flatten();
            found.map(|topic| Arc::new(topic.description.clone())).ok_or(ResponseError::LeaderNotAvailable)
        }
        Err(CreateTopicError::Collides { .. }) => Err(ResponseError::InvalidTopicException),
        Err(error @ (CreateTopicError::NoVirtualCluster { .. } | CreateTopicError::Store(_))) => {
            Err(error_code::of_kind(error.kind()))
        }
    }
}

fn described(told: &Told<'_>, topic: &TopicDescription) -> MetadataResponseTopic {
    let node = told.node;
    let operations = if told.has_operations {
        told.call.access.operations(ResourceType::Topic, topic.name.as_str())
    } else {
        NOT_ASKED
    };
    let partitions = topic.partitions.partitions().map(|partition| {
        MetadataResponsePartition::default()
            .with_partition_index(partition.get())
            .with_leader_id(node)
            .with_leader_epoch(LEADER_EPOCH)
            .with_replica_nodes(vec![node])
            .with_isr_nodes(vec![node])
    });
    MetadataResponseTopic::default()
        .with_name(Some(wire_name(&topic.name)))
        .with_topic_id(topic.id.uuid())
        .with_partitions(partitions.collect())
        .with_topic_authorized_operations(operations)
}

fn refused(call: &Call, asked: MetadataRequestTopic, code: ResponseError) -> MetadataResponseTopic {
    let name = asked.name.or_else(|| (call.version < NAMES_OPTIONAL).then(TopicName::default));
    MetadataResponseTopic::default()
        .with_error_code(code.code())
        .with_name(name)
        .with_topic_id(asked.topic_id)
}
