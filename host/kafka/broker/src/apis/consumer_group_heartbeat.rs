//! ConsumerGroupHeartbeat 0 to 1: the protocol of KIP-848. A heartbeat that changes nothing is only written down, with
//! those of others.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use forebay_kafka_groups::{ConsumerHeartbeat, Group, GroupError, HeartbeatReply, JOINS, Partitions};
use forebay_kafka_security::{Operation, ResourceType};
use forebay_model::{MemberId, TopicId};
use kafka_protocol::messages::consumer_group_heartbeat_response::{
    Assignment, TopicPartitions as ToldPartitions,
};
use kafka_protocol::messages::{ConsumerGroupHeartbeatRequest, ConsumerGroupHeartbeatResponse};

use super::groups::{Refused, client_host, group_id, member_id, new_member_id, optional, text};
use super::{TOPIC_DENIED, message};
use crate::broker::Parts;
use crate::service::{Call, Started};

/// The first version in which members choose their ids themselves.
const OWN_IDS: i16 = 1;

/// What a heartbeat came to.
struct Beaten {
    member: MemberId,
    reply: HeartbeatReply,
    /// How often the member is to give a sign.
    interval: Duration,
}

pub(crate) fn start(parts: &Arc<Parts>, call: &Call, request: ConsumerGroupHeartbeatRequest) -> Started {
    let (parts, call) = (Arc::clone(parts), call.clone());
    Started::waiting(async move {
        let response = ConsumerGroupHeartbeatResponse::default();
        match Box::pin(beat(&parts, &call, request)).await {
            Ok(Beaten { member, reply, interval }) => response
                .with_member_id(Some(text(member)))
                .with_member_epoch(reply.epoch)
                .with_heartbeat_interval_ms(i32::try_from(interval.as_millis()).unwrap_or(i32::MAX))
                .with_assignment(reply.assignment.map(told))
                .into(),
            Err(refused) => {
                response.with_error_code(refused.code().code()).with_error_message(message(&refused)).into()
            }
        }
    })
}

async fn beat(parts: &Parts, call: &Call, request: ConsumerGroupHeartbeatRequest) -> Result<Beaten, Refused> {
    let id = group_id(call, Operation::Read, &request.group_id)?;
    let mut subscribed = request.subscribed_topic_names.iter().flatten();
    if !subscribed.all(|name| call.access.allows(Operation::Describe, ResourceType::Topic, name)) {
        return Err(Refused::Code(TOPIC_DENIED));
    }
    let is_new = request.member_id.is_empty() && request.member_epoch == JOINS && call.version < OWN_IDS;
    let member = if is_new { new_member_id("") } else { member_id(&request.member_id)? };
    let owned = request.topic_partitions.map(|topics| {
        let mut owned = Partitions::new();
        for topic in topics {
            owned.entry(TopicId::from_uuid(topic.topic_id)).or_default().extend(topic.partitions);
        }
        owned.retain(|_, partitions| !partitions.is_empty());
        owned
    });
    let names = request
        .subscribed_topic_names
        .map(|names| names.iter().map(|name| name.to_string()).collect::<BTreeSet<String>>());
    let beat = ConsumerHeartbeat {
        member: member.clone(),
        epoch: request.member_epoch,
        instance: optional(request.instance_id),
        rack: optional(request.rack_id),
        client_id: call.context.client_id.clone(),
        client_host: client_host(&call.context),
        rebalance_timeout_ms: Some(request.rebalance_timeout_ms).filter(|timeout| *timeout >= 0),
        names,
        regex: optional(request.subscribed_topic_regex),
        assignor: optional(request.server_assignor),
        owned,
    };
    let settings = parts.groups.settings().await?;
    let interval = settings.consumer_heartbeat_interval;
    if beat.epoch > JOINS {
        let topics = parts.groups.topics().await?;
        let standing = parts.groups.beat(&id, &member, &settings).await?;
        let mut group = (*standing.group).clone();
        let reply =
            group.consumer().and_then(|group| group.heartbeat(&beat, &topics, standing.now, &settings));
        if group == *standing.group {
            return Ok(Beaten { member, reply: reply?, interval });
        }
    }
    // What is written goes by the topics of now: agents whose lists are not of the same age would undo what the others
    // have assigned, at each heartbeat.
    let topics = parts.groups.topics_now().await?;
    let change = move |group: &mut Group, now| -> Result<HeartbeatReply, GroupError> {
        // Who is refused changes nothing, not even the protocol of a group without members.
        let mut changed = group.as_consumer().is_none().then(|| group.clone());
        let consumers = changed.as_mut().unwrap_or(&mut *group).consumer()?;
        let reply = consumers.heartbeat(&beat, &topics, now, &settings)?;
        if let Some(changed) = changed {
            *group = changed;
        }
        Ok(reply)
    };
    let (reply, _) = parts.groups.change(&id, change).await?;
    Ok(Beaten { member, reply: reply?, interval })
}

fn told(partitions: Partitions) -> Assignment {
    let topics = partitions.into_iter().map(|(topic, partitions)| {
        ToldPartitions::default()
            .with_topic_id(topic.uuid())
            .with_partitions(partitions.into_iter().collect())
    });
    Assignment::default().with_topic_partitions(topics.collect())
}
