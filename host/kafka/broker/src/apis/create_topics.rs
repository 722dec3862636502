//! CreateTopics 2 to 7. Replication factors are taken and mean nothing: one replica is told, durability is the object
//! store's. Assignments to brokers are taken for the number of partitions they say. `timeout_ms` is not needed.

use std::collections::HashMap;

use forebay_model::{PartitionCount, TopicName as ModelTopicName};
use forebay_storage_metadata::{Configs, CreateTopicError, NewTopic, TopicDescription};
use kafka_protocol::error::ResponseError;
use kafka_protocol::messages::create_topics_request::CreatableTopic;
use kafka_protocol::messages::create_topics_response::{CreatableTopicConfigs, CreatableTopicResult};
use kafka_protocol::messages::{CreateTopicsRequest, CreateTopicsResponse};
use kafka_protocol::protocol::StrBytes;
use uuid::Uuid;

use super::message;
use crate::broker::Parts;
use crate::configs::{ClusterConfig, MOST_PARTITIONS, TOPIC_CONFIGS, find};
use crate::error_code;
use crate::service::Call;
use crate::topics::TopicKey;

/// What says that a number is left to the cluster.
const UNSET: i32 = -1;
const REPLICAS: i16 = 1;
/// The first version whose answers describe the topic.
const DESCRIBED: i16 = 5;
/// Where a setting comes from, as clients know it: the topic, or a default.
const FROM_TOPIC: i8 = 1;
const FROM_DEFAULT: i8 = 5;

type Refused = (ResponseError, String);

pub(crate) async fn answer(parts: &Parts, call: &Call, request: CreateTopicsRequest) -> CreateTopicsResponse {
    let mut times = HashMap::new();
    for topic in &request.topics {
        *times.entry(topic.name.clone()).or_insert(0_usize) += 1;
    }
    let cluster = parts.topics.cluster_config().await;
    let mut results = Vec::with_capacity(request.topics.len());
    for topic in request.topics {
        let result = CreatableTopicResult::default().with_name(topic.name.clone());
        let created = match &cluster {
            _ if times.get(&topic.name).is_some_and(|times| *times > 1) => {
                Err((ResponseError::InvalidRequest, "the request names the topic more than once".to_owned()))
            }
            Err(failure) => Err((error_code::of_store(failure), failure.to_string())),
            Ok(cluster) => match new_topic(&topic, cluster) {
                Err(refused) => Err(refused),
                Ok(new) if request.validate_only => validated(parts, new).await,
                Ok(new) => created(parts, &new).await,
            },
        };
        results.push(match created {
            Ok((new, id)) => described(call, result, &new, id),
            Err((code, text)) => result.with_error_code(code.code()).with_error_message(message(text)),
        });
    }
    CreateTopicsResponse::default().with_topics(results)
}

fn new_topic(asked: &CreatableTopic, cluster: &ClusterConfig) -> Result<NewTopic, Refused> {
    let name: ModelTopicName = asked.name.0.parse().map_err(|error: forebay_model::TopicNameError| {
        (ResponseError::InvalidTopicException, error.to_string())
    })?;
    if asked.replication_factor == 0 || asked.replication_factor < -1 {
        let text = format!("the replication factor can't be {}", asked.replication_factor);
        return Err((ResponseError::InvalidReplicationFactor, text));
    }
    let assigned = i32::try_from(asked.assignments.len()).unwrap_or(i32::MAX);
    let partitions = match (asked.num_partitions, assigned) {
        (UNSET, 0) => cluster.partitions,
        (UNSET, count) | (count, 0) => partitions(count)?,
        _ => {
            let text = "assignments and a number of partitions can't both be given".to_owned();
            return Err((ResponseError::InvalidRequest, text));
        }
    };
    let mut configs = Configs::default();
    for config in &asked.configs {
        let definition = find(TOPIC_CONFIGS, &config.name);
        let definition = definition.map_err(|error| (ResponseError::InvalidConfig, error.to_string()))?;
        let Some(value) = &config.value else {
            return Err((ResponseError::InvalidConfig, format!("{} has no value", definition.name)));
        };
        let value = definition.value(&config.name, value);
        configs
            .set(definition.name, value.map_err(|error| (ResponseError::InvalidConfig, error.to_string()))?);
    }
    Ok(NewTopic { name, partitions, configs })
}

fn partitions(count: i32) -> Result<PartitionCount, Refused> {
    PartitionCount::new(count).ok().filter(|_| count <= MOST_PARTITIONS).ok_or_else(|| {
        (ResponseError::InvalidPartitions, format!("a topic has 1 to {MOST_PARTITIONS} partitions"))
    })
}

async fn validated(parts: &Parts, new: NewTopic) -> Result<(NewTopic, Uuid), Refused> {
    let found = parts.topics.find(&[TopicKey::Name(new.name.clone())]).await;
    match found {
        Ok(found) if found.iter().flatten().next().is_some() => Err(exists(&new.name)),
        Ok(_) => Ok((new, Uuid::nil())),
        Err(failure) => Err((error_code::of_store(&failure), failure.to_string())),
    }
}

async fn created(parts: &Parts, new: &NewTopic) -> Result<(NewTopic, Uuid), Refused> {
    match parts.metadata.create_topic(parts.cluster(), new).await {
        Ok(TopicDescription { id, .. }) => Ok((new.clone(), id.uuid())),
        Err(CreateTopicError::Exists { name }) => Err(exists(&name)),
        Err(error @ CreateTopicError::Collides { .. }) => {
            Err((ResponseError::InvalidTopicException, error.to_string()))
        }
        Err(error @ (CreateTopicError::NoVirtualCluster { .. } | CreateTopicError::Store(_))) => {
            Err((error_code::of_kind(error.kind()), error.to_string()))
        }
    }
}

fn exists(name: &ModelTopicName) -> Refused {
    (ResponseError::TopicAlreadyExists, format!("there is a topic {name} already"))
}

fn described(call: &Call, result: CreatableTopicResult, new: &NewTopic, id: Uuid) -> CreatableTopicResult {
    if call.version < DESCRIBED {
        return result;
    }
    let configs = TOPIC_CONFIGS.iter().map(|definition| {
        let set = new.configs.get(definition.name);
        CreatableTopicConfigs::default()
            .with_name(StrBytes::from_static_str(definition.name))
            .with_value(message(set.unwrap_or(definition.default)))
            .with_config_source(if set.is_some() { FROM_TOPIC } else { FROM_DEFAULT })
    });
    result
        .with_topic_id(id)
        .with_num_partitions(new.partitions.get())
        .with_replication_factor(REPLICAS)
        .with_configs(Some(configs.collect()))
}
