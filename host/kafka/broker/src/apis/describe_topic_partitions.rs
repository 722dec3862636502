//! DescribeTopicPartitions 0: like Metadata, but a page at a time, by name. Nothing is made.

use std::collections::HashMap;

use forebay_kafka_security::{Operation, ResourceType};
use forebay_storage_metadata::{TopicDescription, TopicSelection};
use kafka_protocol::error::ResponseError;
use kafka_protocol::messages::describe_topic_partitions_response::{
    Cursor, DescribeTopicPartitionsResponsePartition, DescribeTopicPartitionsResponseTopic,
};
use kafka_protocol::messages::{
    BrokerId, DescribeTopicPartitionsRequest, DescribeTopicPartitionsResponse, TopicName,
};

use super::{LEADER_EPOCH, TOPIC_DENIED, wire_name};
use crate::broker::Parts;
use crate::error_code;
use crate::placement::Purpose;
use crate::service::Call;

/// How many partitions a page has at most, as in Kafka.
const MOST: i32 = 2_000;

pub(crate) async fn answer(
    parts: &Parts,
    call: &Call,
    request: DescribeTopicPartitionsRequest,
) -> DescribeTopicPartitionsResponse {
    let mut names: Vec<TopicName> = request.topics.into_iter().map(|topic| topic.name).collect();
    names.sort();
    names.dedup();
    let selection = if names.is_empty() {
        TopicSelection::All
    } else {
        TopicSelection::Names(names.iter().filter_map(|name| name.0.parse().ok()).collect())
    };
    let cursor = request.cursor.as_ref().map(|cursor| (cursor.topic_name.clone(), cursor.partition_index));
    let node = parts.named(call, Purpose::Lead).await.node;
    let left = request.response_partition_limit.clamp(1, MOST);
    let mut page = Page { node, call, left, topics: Vec::new() };
    let found = match parts.metadata.describe_topics(parts.cluster(), &selection).await {
        Ok(found) => found,
        Err(failure) => {
            let code = error_code::of_store(&failure);
            let refused = names.into_iter().map(|name| refused(name, code)).collect();
            return DescribeTopicPartitionsResponse::default().with_topics(refused);
        }
    };
    let all = names.is_empty();
    if all {
        names = found.iter().map(|topic| wire_name(&topic.name)).collect();
    }
    let may_describe = |name: &TopicName| call.access.allows(Operation::Describe, ResourceType::Topic, name);
    if all {
        names.retain(may_describe);
    }
    let known: HashMap<&str, &TopicDescription> =
        found.iter().map(|topic| (topic.name.as_str(), topic)).collect();
    let (start, first) = cursor.unwrap_or_default();
    for name in names.into_iter().filter(|name| *name >= start) {
        let from = if name == start { first.max(0) } else { 0 };
        let next = match known.get(&*name.0).copied() {
            _ if !may_describe(&name) => {
                page.topics.push(refused(name.clone(), TOPIC_DENIED));
                None
            }
            Some(topic) => page.add(topic, from),
            None if name.0.parse::<forebay_model::TopicName>().is_err() => {
                page.topics.push(refused(name.clone(), ResponseError::InvalidTopicException));
                None
            }
            None => {
                page.topics.push(refused(name.clone(), ResponseError::UnknownTopicOrPartition));
                None
            }
        };
        if let Some(partition) = next {
            let cursor = Cursor::default().with_topic_name(name).with_partition_index(partition);
            return DescribeTopicPartitionsResponse::default()
                .with_topics(page.topics)
                .with_next_cursor(Some(cursor));
        }
    }
    DescribeTopicPartitionsResponse::default().with_topics(page.topics)
}

struct Page<'a> {
    /// The leader.
    node: BrokerId,
    call: &'a Call,
    left: i32,
    topics: Vec<DescribeTopicPartitionsResponseTopic>,
}

impl Page<'_> {
    /// Adds partitions of a topic as far as there is room, and says with which one the next page begins, if it is of
    /// this topic.
    fn add(&mut self, topic: &TopicDescription, from: i32) -> Option<i32> {
        if self.left == 0 {
            return Some(from);
        }
        let node = self.node;
        let end = topic.partitions.get().min(from.saturating_add(self.left));
        let partitions: Vec<_> = (from..end)
            .map(|partition| {
                DescribeTopicPartitionsResponsePartition::default()
                    .with_partition_index(partition)
                    .with_leader_id(node)
                    .with_leader_epoch(LEADER_EPOCH)
                    .with_replica_nodes(vec![node])
                    .with_isr_nodes(vec![node])
                    // Java's client takes a list without a question, although the protocol allows none.
                    .with_eligible_leader_replicas(Some(Vec::new()))
                    .with_last_known_elr(Some(Vec::new()))
            })
            .collect();
        self.left -= (end - from).max(0);
        let operations = self.call.access.operations(ResourceType::Topic, topic.name.as_str());
        self.topics.push(
            DescribeTopicPartitionsResponseTopic::default()
                .with_name(Some(wire_name(&topic.name)))
                .with_topic_id(topic.id.uuid())
                .with_partitions(partitions)
                .with_topic_authorized_operations(operations),
        );
        (end < topic.partitions.get()).then_some(end)
    }
}

fn refused(name: TopicName, code: ResponseError) -> DescribeTopicPartitionsResponseTopic {
    DescribeTopicPartitionsResponseTopic::default().with_error_code(code.code()).with_name(Some(name))
}
