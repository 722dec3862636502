//! ConsumerGroupDescribe 0 to 1: groups of the protocol of KIP-848. Others are not found.

use std::sync::Arc;

use forebay_kafka_groups::{ConsumerGroup, ConsumerMember, Group, Partitions};
use forebay_model::MemberId;
use kafka_protocol::error::ResponseError;
use kafka_protocol::messages::consumer_group_describe_response::{
    Assignment, DescribedGroup, Member, TopicPartitions,
};
use kafka_protocol::messages::{
    ConsumerGroupDescribeRequest, ConsumerGroupDescribeResponse, GroupId, TopicName,
};

use super::groups::{GROUP_OPERATIONS, OPERATIONS_NOT_ASKED, Refused, group_id, text};
use super::message;
use crate::broker::Parts;
use crate::service::{Call, Started};

/// A member of this protocol.
const CONSUMER: i8 = 1;

pub(crate) fn start(parts: &Arc<Parts>, call: &Call, request: ConsumerGroupDescribeRequest) -> Started {
    let (parts, version) = (Arc::clone(parts), call.version);
    Started::waiting(async move {
        let operations =
            if request.include_authorized_operations { GROUP_OPERATIONS } else { OPERATIONS_NOT_ASKED };
        let mut groups = Vec::with_capacity(request.group_ids.len());
        for name in request.group_ids {
            let described = match Box::pin(find(&parts, &name)).await {
                Ok(Some(group)) => describe(version, &group),
                Ok(None) => DescribedGroup::default()
                    .with_error_code(ResponseError::GroupIdNotFound.code())
                    .with_error_message(message("there is no such group of the consumer protocol")),
                Err(refused) => DescribedGroup::default()
                    .with_error_code(refused.code().code())
                    .with_error_message(message(&refused)),
            };
            groups.push(described.with_group_id(name).with_authorized_operations(operations));
        }
        ConsumerGroupDescribeResponse::default().with_groups(groups).into()
    })
}

async fn find(parts: &Parts, name: &GroupId) -> Result<Option<ConsumerGroup>, Refused> {
    let group = parts.groups.look(&group_id(name)?).await?;
    Ok(group.as_ref().and_then(Group::as_consumer).cloned())
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
