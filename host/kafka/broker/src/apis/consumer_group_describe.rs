//! ConsumerGroupDescribe 0 to 1: groups of the protocol of KIP-848. Others are not found.

use std::sync::Arc;

use forebay_kafka_groups::{ConsumerGroup, ConsumerMember, Group, Partitions};
use forebay_kafka_security::{Operation, ResourceType};
use forebay_model::MemberId;
use kafka_protocol::error::ResponseError;
use kafka_protocol::messages::consumer_group_describe_response::{
    Assignment, DescribedGroup, Member, TopicPartitions,
};
use kafka_protocol::messages::{
    ConsumerGroupDescribeRequest, ConsumerGroupDescribeResponse, GroupId, TopicName,
};

use super::groups::{Refused, group_id, operations, text};
use super::{TOPIC_DENIED, denied, message, once};
use crate::broker::Parts;
use crate::service::{Call, Started};

/// A member of this protocol.
const CONSUMER: i8 = 1;

pub(crate) fn start(parts: &Arc<Parts>, call: &Call, request: ConsumerGroupDescribeRequest) -> Started {
    let (parts, call) = (Arc::clone(parts), call.clone());
    let version = call.version;
    Started::waiting(async move {
        let is_asked = request.include_authorized_operations;
        let names = once(request.group_ids, GroupId::clone);
        let mut groups = Vec::with_capacity(names.len());
        for name in names {
            let described = match Box::pin(find(&parts, &call, &name)).await {
                Ok(Some(group)) if may_describe_topics(&call, &group) => describe(version, &group),
                Ok(Some(_)) => DescribedGroup::default()
                    .with_error_code(TOPIC_DENIED.code())
                    .with_error_message(message(denied(Operation::Describe, "a topic of the group"))),
                Ok(None) => DescribedGroup::default()
                    .with_error_code(ResponseError::GroupIdNotFound.code())
                    .with_error_message(message("there is no such group of the consumer protocol")),
                Err(refused) => DescribedGroup::default()
                    .with_error_code(refused.code().code())
                    .with_error_message(message(&refused)),
            };
            let operations = operations(&call, is_asked, &name);
            groups.push(described.with_group_id(name).with_authorized_operations(operations));
        }
        ConsumerGroupDescribeResponse::default().with_groups(groups).into()
    })
}

async fn find(parts: &Parts, call: &Call, name: &GroupId) -> Result<Option<ConsumerGroup>, Refused> {
    let group = parts.groups.look(&group_id(call, Operation::Describe, name)?).await?;
    Ok(group.as_ref().and_then(Group::as_consumer).cloned())
}

/// Whether a client may know of all topics that members subscribe to or have.
fn may_describe_topics(call: &Call, group: &ConsumerGroup) -> bool {
    let subscribed = group.members.values().flat_map(|member| &member.names).map(String::as_str);
    let assigned = group.members.values().flat_map(|member| member.assigned.keys());
    let assigned = assigned.filter_map(|topic| group.topic_name(*topic));
    let mut names = subscribed.chain(assigned);
    names.all(|name| call.access.allows(Operation::Describe, ResourceType::Topic, name))
}

fn describe(version: i16, group: &ConsumerGroup) -> DescribedGroup {
    let members = group.members.iter().map(|(id, found)| member(version, group, id, found));
    DescribedGroup::default()
        .with_group_state(text(group.state_name()))
        .with_group_epoch(group.epoch)
        .with_assignment_epoch(group.assignment_epoch)
        .with_assignor_name(text(group.assignor().name()))
        .with_members(members.collect())
}

fn member(version: i16, group: &ConsumerGroup, id: &MemberId, found: &ConsumerMember) -> Member {
    let target = group.target.get(id).cloned().unwrap_or_default();
    let names = found.names.iter().map(|name| TopicName(text(name)));
    let member = Member::default()
        .with_member_id(text(id))
        .with_instance_id(found.instance.clone().map(text))
        .with_rack_id(found.rack.clone().map(text))
        .with_member_epoch(found.epoch)
        .with_client_id(text(&found.client_id))
        .with_client_host(text(&found.client_host))
        .with_subscribed_topic_names(names.collect())
        .with_subscribed_topic_regex(found.regex.clone().map(text))
        .with_assignment(assignment(group, &found.assigned))
        .with_target_assignment(assignment(group, &target));
    if version >= 1 { member.with_member_type(CONSUMER) } else { member }
}

fn assignment(group: &ConsumerGroup, partitions: &Partitions) -> Assignment {
    let topics = partitions.iter().map(|(topic, partitions)| {
        TopicPartitions::default()
            .with_topic_id(topic.uuid())
            .with_topic_name(TopicName(text(group.topic_name(*topic).unwrap_or_default())))
            .with_partitions(partitions.iter().copied().collect())
    });
    Assignment::default().with_topic_partitions(topics.collect())
}
