//! The layouts of answers, field by field in the order of their bytes.

mod cluster;
mod groups;
mod records;

use super::schema::{I32, Kind, Layout};
use Kind::{Array, String};
use kafka_protocol::messages::ApiKey;

/// The layout of an API's answers, in all versions that there are.
pub(super) fn layout_of(api: ApiKey) -> Option<&'static Layout> {
    Some(match api {
        ApiKey::Produce => &records::PRODUCE,
        ApiKey::Fetch => &records::FETCH,
        ApiKey::ListOffsets => &records::LIST_OFFSETS,
        ApiKey::Metadata => &records::METADATA,
        ApiKey::ApiVersions => &records::API_VERSIONS,
        ApiKey::InitProducerId => &records::INIT_PRODUCER_ID,
        ApiKey::OffsetForLeaderEpoch => &records::OFFSET_FOR_LEADER_EPOCH,
        ApiKey::DeleteRecords => &records::DELETE_RECORDS,
        ApiKey::OffsetCommit => &groups::OFFSET_COMMIT,
        ApiKey::OffsetFetch => &groups::OFFSET_FETCH,
        ApiKey::OffsetDelete => &groups::OFFSET_DELETE,
        ApiKey::JoinGroup => &groups::JOIN_GROUP,
        ApiKey::SyncGroup => &groups::SYNC_GROUP,
        ApiKey::Heartbeat => &groups::HEARTBEAT,
        ApiKey::LeaveGroup => &groups::LEAVE_GROUP,
        ApiKey::DescribeGroups => &groups::DESCRIBE_GROUPS,
        ApiKey::ListGroups => &groups::LIST_GROUPS,
        ApiKey::DeleteGroups => &groups::DELETE_GROUPS,
        ApiKey::ConsumerGroupHeartbeat => &groups::CONSUMER_GROUP_HEARTBEAT,
        ApiKey::ConsumerGroupDescribe => &groups::CONSUMER_GROUP_DESCRIBE,
        ApiKey::FindCoordinator => &groups::FIND_COORDINATOR,
        ApiKey::CreateTopics => &cluster::CREATE_TOPICS,
        ApiKey::DeleteTopics => &cluster::DELETE_TOPICS,
        ApiKey::CreatePartitions => &cluster::CREATE_PARTITIONS,
        ApiKey::DescribeConfigs => &cluster::DESCRIBE_CONFIGS,
        ApiKey::AlterConfigs => &cluster::ALTER_CONFIGS,
        ApiKey::IncrementalAlterConfigs => &cluster::INCREMENTAL_ALTER_CONFIGS,
        ApiKey::DescribeCluster => &cluster::DESCRIBE_CLUSTER,
        ApiKey::DescribeTopicPartitions => &cluster::DESCRIBE_TOPIC_PARTITIONS,
        ApiKey::SaslHandshake => &cluster::SASL_HANDSHAKE,
        ApiKey::SaslAuthenticate => &cluster::SASL_AUTHENTICATE,
        ApiKey::DescribeAcls => &cluster::DESCRIBE_ACLS,
        ApiKey::CreateAcls => &cluster::CREATE_ACLS,
        ApiKey::DeleteAcls => &cluster::DELETE_ACLS,
        ApiKey::DescribeUserScramCredentials => &cluster::DESCRIBE_USER_SCRAM_CREDENTIALS,
        ApiKey::AlterUserScramCredentials => &cluster::ALTER_USER_SCRAM_CREDENTIALS,
        _ => return None,
    })
}

const STRINGS: Kind = Array(&String);
const NUMBERS: Kind = Array(&I32);
