//! For each API a request that names one resource of each kind, and where its answer says what became of each.

use bytes::Bytes;
use forebay_kafka_broker::{RequestBody, Response};
use kafka_protocol::messages::alter_configs_request::AlterConfigsResource;
use kafka_protocol::messages::alter_user_scram_credentials_request::ScramCredentialDeletion;
use kafka_protocol::messages::create_acls_request::AclCreation;
use kafka_protocol::messages::create_partitions_request::CreatePartitionsTopic;
use kafka_protocol::messages::create_topics_request::CreatableTopic;
use kafka_protocol::messages::delete_acls_request::DeleteAclsFilter;
use kafka_protocol::messages::delete_records_request::{DeleteRecordsPartition, DeleteRecordsTopic};
use kafka_protocol::messages::describe_configs_request::DescribeConfigsResource;
use kafka_protocol::messages::describe_topic_partitions_request::TopicRequest;
use kafka_protocol::messages::incremental_alter_configs_request::AlterConfigsResource as IncrementalResource;
use kafka_protocol::messages::list_offsets_request::{ListOffsetsPartition, ListOffsetsTopic};
use kafka_protocol::messages::metadata_request::MetadataRequestTopic;
use kafka_protocol::messages::offset_commit_request::{
    OffsetCommitRequestPartition, OffsetCommitRequestTopic,
};
use kafka_protocol::messages::offset_delete_request::{
    OffsetDeleteRequestPartition, OffsetDeleteRequestTopic,
};
use kafka_protocol::messages::offset_fetch_request::{OffsetFetchRequestGroup, OffsetFetchRequestTopics};
use kafka_protocol::messages::offset_fetch_response::OffsetFetchResponseGroup;
use kafka_protocol::messages::offset_for_leader_epoch_request::{
    OffsetForLeaderPartition, OffsetForLeaderTopic,
};
use kafka_protocol::messages::{
    AlterConfigsRequest, AlterUserScramCredentialsRequest, ApiKey, ApiVersionsRequest,
    ConsumerGroupDescribeRequest, ConsumerGroupHeartbeatRequest, CreateAclsRequest, CreatePartitionsRequest,
    CreateTopicsRequest, DeleteAclsRequest, DeleteGroupsRequest, DeleteRecordsRequest, DeleteTopicsRequest,
    DescribeAclsRequest, DescribeClusterRequest, DescribeConfigsRequest, DescribeGroupsRequest,
    DescribeTopicPartitionsRequest, DescribeUserScramCredentialsRequest, FindCoordinatorRequest, GroupId,
    HeartbeatRequest, IncrementalAlterConfigsRequest, InitProducerIdRequest, JoinGroupRequest,
    LeaveGroupRequest, ListGroupsRequest, ListOffsetsRequest, MetadataRequest, OffsetCommitRequest,
    OffsetDeleteRequest, OffsetFetchRequest, OffsetForLeaderEpochRequest, SaslAuthenticateRequest,
    SaslHandshakeRequest, SyncGroupRequest,
};
use kafka_protocol::protocol::StrBytes;

use super::text;
use crate::requests::{batch, fetch, name, produce};

pub(super) struct Case {
    pub(super) version: i16,
    pub(super) request: RequestBody,
    /// Whether the topic is there before.
    pub(super) needs_topic: bool,
    /// Whether a group has committed something before.
    pub(super) needs_group: bool,
}

const TOPIC: i8 = 2;
const BROKER: i8 = 4;

/// The request of an API, about resources of this name.
#[expect(clippy::too_many_lines, reason = "a case for each API")]
pub(super) fn of(api: ApiKey, resource: &str) -> Case {
    use RequestBody as R;
    let topic = || name(resource);
    let group = || GroupId(text(resource));
    let (version, request) = match api {
        ApiKey::Produce => (9, R::Produce(produce(resource, &[(0, batch(&["a"]))]))),
        ApiKey::Fetch => (11, R::Fetch(fetch(resource, &[(0, 0)]))),
        ApiKey::ListOffsets => {
            let asked = ListOffsetsPartition::default().with_timestamp(-1);
            let asked = ListOffsetsTopic::default().with_name(topic()).with_partitions(vec![asked]);
            (7, R::ListOffsets(ListOffsetsRequest::default().with_topics(vec![asked])))
        }
        ApiKey::Metadata => {
            let asked = MetadataRequestTopic::default().with_name(Some(topic()));
            (9, R::Metadata(MetadataRequest::default().with_topics(Some(vec![asked]))))
        }
        ApiKey::FindCoordinator => {
            let request = FindCoordinatorRequest::default().with_coordinator_keys(vec![text(resource)]);
            (4, R::FindCoordinator(request))
        }
        ApiKey::OffsetCommit => (8, R::OffsetCommit(offset_commit(resource))),
        ApiKey::OffsetFetch => {
            let topics =
                OffsetFetchRequestTopics::default().with_name(topic()).with_partition_indexes(vec![0]);
            let group = OffsetFetchRequestGroup::default()
                .with_group_id(group())
                .with_member_epoch(-1)
                .with_topics(Some(vec![topics]));
            (9, R::OffsetFetch(OffsetFetchRequest::default().with_groups(vec![group])))
        }
        ApiKey::OffsetDelete => {
            let partition = OffsetDeleteRequestPartition::default();
            let topic =
                OffsetDeleteRequestTopic::default().with_name(topic()).with_partitions(vec![partition]);
            let request = OffsetDeleteRequest::default().with_group_id(group()).with_topics(vec![topic]);
            (0, R::OffsetDelete(request))
        }
        ApiKey::JoinGroup => (9, R::JoinGroup(JoinGroupRequest::default().with_group_id(group()))),
        ApiKey::SyncGroup => (5, R::SyncGroup(SyncGroupRequest::default().with_group_id(group()))),
        ApiKey::Heartbeat => (4, R::Heartbeat(HeartbeatRequest::default().with_group_id(group()))),
        ApiKey::LeaveGroup => (5, R::LeaveGroup(LeaveGroupRequest::default().with_group_id(group()))),
        ApiKey::DescribeGroups => {
            (5, R::DescribeGroups(DescribeGroupsRequest::default().with_groups(vec![group()])))
        }
        ApiKey::ListGroups => (5, R::ListGroups(ListGroupsRequest::default())),
        ApiKey::DeleteGroups => {
            (2, R::DeleteGroups(DeleteGroupsRequest::default().with_groups_names(vec![group()])))
        }
        ApiKey::ConsumerGroupHeartbeat => {
            let request = ConsumerGroupHeartbeatRequest::default()
                .with_group_id(group())
                .with_member_id(text("member"))
                .with_rebalance_timeout_ms(1_000)
                .with_subscribed_topic_names(Some(vec![topic()]))
                .with_topic_partitions(Some(Vec::new()));
            (1, R::ConsumerGroupHeartbeat(request))
        }
        ApiKey::ConsumerGroupDescribe => {
            let request = ConsumerGroupDescribeRequest::default().with_group_ids(vec![group()]);
            (1, R::ConsumerGroupDescribe(request))
        }
        ApiKey::ApiVersions => (0, R::ApiVersions(ApiVersionsRequest::default())),
        ApiKey::CreateTopics => {
            let new = CreatableTopic::default()
                .with_name(topic())
                .with_num_partitions(1)
                .with_replication_factor(-1);
            (7, R::CreateTopics(CreateTopicsRequest::default().with_topics(vec![new])))
        }
        ApiKey::DeleteTopics => {
            (5, R::DeleteTopics(DeleteTopicsRequest::default().with_topic_names(vec![topic()])))
        }
        ApiKey::DeleteRecords => {
            let asked = DeleteRecordsPartition::default().with_offset(-1);
            let asked = DeleteRecordsTopic::default().with_name(topic()).with_partitions(vec![asked]);
            (2, R::DeleteRecords(DeleteRecordsRequest::default().with_topics(vec![asked])))
        }
        ApiKey::InitProducerId => {
            (4, R::InitProducerId(InitProducerIdRequest::default().with_transactional_id(None)))
        }
        ApiKey::OffsetForLeaderEpoch => {
            let asked = OffsetForLeaderPartition::default().with_current_leader_epoch(-1);
            let asked = OffsetForLeaderTopic::default().with_topic(topic()).with_partitions(vec![asked]);
            (4, R::OffsetForLeaderEpoch(OffsetForLeaderEpochRequest::default().with_topics(vec![asked])))
        }
        ApiKey::DescribeConfigs => {
            let of = |kind, name: &str| {
                DescribeConfigsResource::default()
                    .with_resource_type(kind)
                    .with_resource_name(text(name))
                    .with_configuration_keys(None)
            };
            let resources = vec![of(TOPIC, resource), of(BROKER, "")];
            (4, R::DescribeConfigs(DescribeConfigsRequest::default().with_resources(resources)))
        }
        ApiKey::AlterConfigs => {
            let of = |kind, name: &str| {
                AlterConfigsResource::default().with_resource_type(kind).with_resource_name(text(name))
            };
            let resources = vec![of(TOPIC, resource), of(BROKER, "")];
            (2, R::AlterConfigs(AlterConfigsRequest::default().with_resources(resources)))
        }
        ApiKey::IncrementalAlterConfigs => {
            let of = |kind, name: &str| {
                IncrementalResource::default().with_resource_type(kind).with_resource_name(text(name))
            };
            let resources = vec![of(TOPIC, resource), of(BROKER, "")];
            let request = IncrementalAlterConfigsRequest::default().with_resources(resources);
            (1, R::IncrementalAlterConfigs(request))
        }
        ApiKey::CreatePartitions => {
            let asked =
                CreatePartitionsTopic::default().with_name(topic()).with_count(3).with_assignments(None);
            (3, R::CreatePartitions(CreatePartitionsRequest::default().with_topics(vec![asked])))
        }
        ApiKey::DescribeTopicPartitions => {
            let asked = vec![TopicRequest::default().with_name(topic())];
            let request = DescribeTopicPartitionsRequest::default()
                .with_topics(asked)
                .with_response_partition_limit(9)
                .with_cursor(None);
            (0, R::DescribeTopicPartitions(request))
        }
        ApiKey::DescribeCluster => (0, R::DescribeCluster(DescribeClusterRequest::default())),
        ApiKey::SaslHandshake => (1, R::SaslHandshake(SaslHandshakeRequest::default())),
        ApiKey::SaslAuthenticate => {
            let request = SaslAuthenticateRequest::default().with_auth_bytes(Bytes::from_static(b"a"));
            (2, R::SaslAuthenticate(request))
        }
        ApiKey::DescribeAcls => {
            let request = DescribeAclsRequest::default()
                .with_resource_type_filter(1)
                .with_pattern_type_filter(1)
                .with_operation(1)
                .with_permission_type(1);
            (3, R::DescribeAcls(request))
        }
        ApiKey::CreateAcls => {
            let acl = AclCreation::default()
                .with_resource_type(TOPIC)
                .with_resource_name(text("other"))
                .with_principal(text("User:other"))
                .with_host(text("*"))
                .with_operation(3)
                .with_permission_type(3);
            (3, R::CreateAcls(CreateAclsRequest::default().with_creations(vec![acl])))
        }
        ApiKey::DeleteAcls => {
            let filter = DeleteAclsFilter::default()
                .with_principal_filter(Some(text("User:none")))
                .with_resource_type_filter(1)
                .with_pattern_type_filter(1)
                .with_operation(1)
                .with_permission_type(1);
            (3, R::DeleteAcls(DeleteAclsRequest::default().with_filters(vec![filter])))
        }
        ApiKey::DescribeUserScramCredentials => {
            (0, R::DescribeUserScramCredentials(DescribeUserScramCredentialsRequest::default()))
        }
        ApiKey::AlterUserScramCredentials => {
            let deletion = ScramCredentialDeletion::default()
                .with_name(StrBytes::from_static_str("nobody"))
                .with_mechanism(1);
            let request = AlterUserScramCredentialsRequest::default().with_deletions(vec![deletion]);
            (0, R::AlterUserScramCredentials(request))
        }
        api => panic!("{api:?} is served and has no case: add one, with what it needs"),
    };
    let needs_topic = !matches!(api, ApiKey::CreateTopics);
    let needs_group = matches!(api, ApiKey::OffsetDelete | ApiKey::OffsetFetch | ApiKey::DeleteGroups);
    Case { version, request, needs_topic, needs_group }
}

/// An offset that a group commits.
pub(super) fn offset_commit(resource: &str) -> OffsetCommitRequest {
    let partition = OffsetCommitRequestPartition::default();
    let topic =
        OffsetCommitRequestTopic::default().with_name(name(resource)).with_partitions(vec![partition]);
    OffsetCommitRequest::default()
        .with_group_id(GroupId(text(resource)))
        .with_generation_id_or_member_epoch(-1)
        .with_topics(vec![topic])
}

/// The error codes of an answer, at the places where Kafka's clients look for them.
pub(super) fn codes(response: &Response) -> Vec<i16> {
    use Response as R;
    match response {
        R::Produce(response) => {
            let topics = response.responses.iter();
            topics.flat_map(|topic| &topic.partition_responses).map(|one| one.error_code).collect()
        }
        R::Fetch(answer) => {
            let topics = answer.response().responses.iter();
            topics.flat_map(|topic| &topic.partitions).map(|one| one.error_code).collect()
        }
        R::ListOffsets(response) => {
            let topics = response.topics.iter();
            topics.flat_map(|topic| &topic.partitions).map(|one| one.error_code).collect()
        }
        R::Metadata(response) => response.topics.iter().map(|one| one.error_code).collect(),
        R::FindCoordinator(response) => response.coordinators.iter().map(|one| one.error_code).collect(),
        R::OffsetCommit(response) => {
            let topics = response.topics.iter();
            topics.flat_map(|topic| &topic.partitions).map(|one| one.error_code).collect()
        }
        R::OffsetFetch(response) => {
            let of = |group: &OffsetFetchResponseGroup| {
                let partitions = group.topics.iter().flat_map(|topic| &topic.partitions);
                let codes: Vec<_> = partitions.map(|one| one.error_code).collect();
                if codes.is_empty() { vec![group.error_code] } else { codes }
            };
            response.groups.iter().flat_map(of).collect()
        }
        R::OffsetDelete(response) => {
            let partitions = response.topics.iter().flat_map(|topic| &topic.partitions);
            let codes: Vec<_> = partitions.map(|one| one.error_code).collect();
            if codes.is_empty() { vec![response.error_code] } else { codes }
        }
        R::JoinGroup(response) => vec![response.error_code],
        R::SyncGroup(response) => vec![response.error_code],
        R::Heartbeat(response) => vec![response.error_code],
        R::LeaveGroup(response) => vec![response.error_code],
        R::DescribeGroups(response) => response.groups.iter().map(|one| one.error_code).collect(),
        R::ListGroups(response) => vec![response.error_code],
        R::DeleteGroups(response) => response.results.iter().map(|one| one.error_code).collect(),
        R::ConsumerGroupHeartbeat(response) => vec![response.error_code],
        R::ConsumerGroupDescribe(response) => response.groups.iter().map(|one| one.error_code).collect(),
        R::ApiVersions(response) => vec![response.error_code],
        R::CreateTopics(response) => response.topics.iter().map(|one| one.error_code).collect(),
        R::DeleteTopics(response) => response.responses.iter().map(|one| one.error_code).collect(),
        R::DeleteRecords(response) => {
            let topics = response.topics.iter();
            topics.flat_map(|topic| &topic.partitions).map(|one| one.error_code).collect()
        }
        R::InitProducerId(response) => vec![response.error_code],
        R::OffsetForLeaderEpoch(response) => {
            let topics = response.topics.iter();
            topics.flat_map(|topic| &topic.partitions).map(|one| one.error_code).collect()
        }
        R::DescribeConfigs(response) => response.results.iter().map(|one| one.error_code).collect(),
        R::AlterConfigs(response) => response.responses.iter().map(|one| one.error_code).collect(),
        R::IncrementalAlterConfigs(response) => response.responses.iter().map(|one| one.error_code).collect(),
        R::CreatePartitions(response) => response.results.iter().map(|one| one.error_code).collect(),
        R::DescribeTopicPartitions(response) => response.topics.iter().map(|one| one.error_code).collect(),
        R::DescribeCluster(response) => vec![response.error_code],
        R::SaslHandshake(response) => vec![response.error_code],
        R::SaslAuthenticate(response) => vec![response.error_code],
        R::DescribeAcls(response) => vec![response.error_code],
        R::CreateAcls(response) => response.results.iter().map(|one| one.error_code).collect(),
        R::DeleteAcls(response) => response.filter_results.iter().map(|one| one.error_code).collect(),
        R::DescribeUserScramCredentials(response) => vec![response.error_code],
        R::AlterUserScramCredentials(response) => response.results.iter().map(|one| one.error_code).collect(),
    }
}
