//! Requests of consumer groups.

use bytes::Bytes;
use kafka_protocol::messages::consumer_group_heartbeat_request::TopicPartitions;
use kafka_protocol::messages::join_group_request::JoinGroupRequestProtocol;
use kafka_protocol::messages::leave_group_request::MemberIdentity;
use kafka_protocol::messages::offset_commit_request::{
    OffsetCommitRequestPartition, OffsetCommitRequestTopic,
};
use kafka_protocol::messages::offset_delete_request::{
    OffsetDeleteRequestPartition, OffsetDeleteRequestTopic,
};
use kafka_protocol::messages::offset_fetch_request::{
    OffsetFetchRequestGroup, OffsetFetchRequestTopic, OffsetFetchRequestTopics,
};
use kafka_protocol::messages::sync_group_request::SyncGroupRequestAssignment;
use kafka_protocol::messages::{
    ConsumerGroupDescribeRequest, ConsumerGroupHeartbeatRequest, DeleteGroupsRequest, DescribeGroupsRequest,
    GroupId, HeartbeatRequest, JoinGroupRequest, LeaveGroupRequest, ListGroupsRequest, OffsetCommitRequest,
    OffsetDeleteRequest, OffsetFetchRequest, SyncGroupRequest,
};

use super::{ID, Sample, sample, text, topic, twice};

fn group() -> GroupId {
    GroupId(text("group"))
}

pub(super) fn all() -> Vec<Sample> {
    let mut samples = Vec::new();
    samples.extend((2..=9).map(|version| sample(version, offset_commit(version))));
    samples.extend((1..=9).map(|version| sample(version, offset_fetch(version))));
    samples.push(sample(0, offset_delete()));
    samples.extend((0..=9).map(|version| sample(version, join_group(version))));
    samples.extend((0..=5).map(|version| sample(version, sync_group(version))));
    samples.extend((0..=4).map(|version| sample(version, heartbeat(version))));
    samples.extend((0..=5).map(|version| sample(version, leave_group(version))));
    samples.extend((0..=6).map(|version| sample(version, describe_groups(version))));
    samples.extend((0..=5).map(|version| sample(version, list_groups(version))));
    samples
        .extend((0..=2).map(|version| {
            sample(version, DeleteGroupsRequest::default().with_groups_names(twice(group())))
        }));
    samples.extend((0..=1).map(|version| sample(version, consumer_group_heartbeat(version))));
    let describe = ConsumerGroupDescribeRequest::default()
        .with_group_ids(twice(group()))
        .with_include_authorized_operations(true);
    samples.extend((0..=1).map(|version| sample(version, describe.clone())));
    samples
}

fn offset_commit(version: i16) -> OffsetCommitRequest {
    let mut partition = OffsetCommitRequestPartition::default()
        .with_partition_index(3)
        .with_committed_offset(9)
        .with_committed_metadata(Some(text("metadata")));
    if version >= 6 {
        partition = partition.with_committed_leader_epoch(4);
    }
    let committed = OffsetCommitRequestTopic::default().with_name(topic()).with_partitions(twice(partition));
    let mut request = OffsetCommitRequest::default()
        .with_group_id(group())
        .with_generation_id_or_member_epoch(5)
        .with_member_id(text("member"))
        .with_topics(twice(committed));
    if (2..=4).contains(&version) {
        request = request.with_retention_time_ms(1_000);
    }
    if version >= 7 {
        request = request.with_group_instance_id(Some(text("instance")));
    }
    request
}

fn offset_fetch(version: i16) -> OffsetFetchRequest {
    let mut request = OffsetFetchRequest::default();
    if version >= 7 {
        request = request.with_require_stable(true);
    }
    if version < 8 {
        let asked = OffsetFetchRequestTopic::default().with_name(topic()).with_partition_indexes(twice(1));
        return request.with_group_id(group()).with_topics(Some(twice(asked)));
    }
    let asked = OffsetFetchRequestTopics::default().with_name(topic()).with_partition_indexes(twice(1));
    let mut of = OffsetFetchRequestGroup::default().with_group_id(group()).with_topics(Some(twice(asked)));
    if version >= 9 {
        of = of.with_member_id(Some(text("member"))).with_member_epoch(3);
    }
    request.with_groups(twice(of))
}

fn offset_delete() -> OffsetDeleteRequest {
    let partition = OffsetDeleteRequestPartition::default().with_partition_index(1);
    let asked = OffsetDeleteRequestTopic::default().with_name(topic()).with_partitions(twice(partition));
    OffsetDeleteRequest::default().with_group_id(group()).with_topics(twice(asked))
}

fn join_group(version: i16) -> JoinGroupRequest {
    let protocol = JoinGroupRequestProtocol::default()
        .with_name(text("range"))
        .with_metadata(Bytes::from_static(b"metadata"));
    let mut request = JoinGroupRequest::default()
        .with_group_id(group())
        .with_session_timeout_ms(6_000)
        .with_member_id(text("member"))
        .with_protocol_type(text("consumer"))
        .with_protocols(twice(protocol));
    if version >= 1 {
        request = request.with_rebalance_timeout_ms(7_000);
    }
    if version >= 5 {
        request = request.with_group_instance_id(Some(text("instance")));
    }
    if version >= 8 {
        request = request.with_reason(Some(text("reason")));
    }
    request
}

fn sync_group(version: i16) -> SyncGroupRequest {
    let assignment = SyncGroupRequestAssignment::default()
        .with_member_id(text("member"))
        .with_assignment(Bytes::from_static(b"assignment"));
    let mut request = SyncGroupRequest::default()
        .with_group_id(group())
        .with_generation_id(3)
        .with_member_id(text("member"))
        .with_assignments(twice(assignment));
    if version >= 3 {
        request = request.with_group_instance_id(Some(text("instance")));
    }
    if version >= 5 {
        request = request.with_protocol_type(Some(text("consumer"))).with_protocol_name(Some(text("range")));
    }
    request
}

fn heartbeat(version: i16) -> HeartbeatRequest {
    let request = HeartbeatRequest::default()
        .with_group_id(group())
        .with_generation_id(3)
        .with_member_id(text("member"));
    if version >= 3 { request.with_group_instance_id(Some(text("instance"))) } else { request }
}

fn leave_group(version: i16) -> LeaveGroupRequest {
    let request = LeaveGroupRequest::default().with_group_id(group());
    if version < 3 {
        return request.with_member_id(text("member"));
    }
    let mut member = MemberIdentity::default()
        .with_member_id(text("member"))
        .with_group_instance_id(Some(text("instance")));
    if version >= 5 {
        member = member.with_reason(Some(text("reason")));
    }
    request.with_members(twice(member))
}

fn describe_groups(version: i16) -> DescribeGroupsRequest {
    let request = DescribeGroupsRequest::default().with_groups(twice(group()));
    if version >= 3 { request.with_include_authorized_operations(true) } else { request }
}

fn list_groups(version: i16) -> ListGroupsRequest {
    let mut request = ListGroupsRequest::default();
    if version >= 4 {
        request = request.with_states_filter(twice(text("Stable")));
    }
    if version >= 5 {
        request = request.with_types_filter(twice(text("classic")));
    }
    request
}

fn consumer_group_heartbeat(version: i16) -> ConsumerGroupHeartbeatRequest {
    let owned = TopicPartitions::default().with_topic_id(ID).with_partitions(twice(3));
    let request = ConsumerGroupHeartbeatRequest::default()
        .with_group_id(group())
        .with_member_id(text("member"))
        .with_member_epoch(3)
        .with_instance_id(Some(text("instance")))
        .with_rack_id(Some(text("rack")))
        .with_rebalance_timeout_ms(5_000)
        .with_subscribed_topic_names(Some(twice(topic())))
        .with_server_assignor(Some(text("uniform")))
        .with_topic_partitions(Some(twice(owned)));
    if version >= 1 { request.with_subscribed_topic_regex(Some(text("a.*"))) } else { request }
}
