//! One file for each API: what is served of it, and how.

pub(crate) mod alter_configs;
mod alteration;
pub(crate) mod api_versions;
pub(crate) mod consumer_group_describe;
pub(crate) mod consumer_group_heartbeat;
pub(crate) mod create_partitions;
pub(crate) mod create_topics;
pub(crate) mod delete_groups;
pub(crate) mod delete_records;
pub(crate) mod delete_topics;
pub(crate) mod describe_cluster;
pub(crate) mod describe_configs;
pub(crate) mod describe_groups;
pub(crate) mod describe_topic_partitions;
pub(crate) mod fetch;
pub(crate) mod find_coordinator;
mod groups;
pub(crate) mod heartbeat;
pub(crate) mod incremental_alter_configs;
pub(crate) mod init_producer_id;
pub(crate) mod join_group;
pub(crate) mod leave_group;
pub(crate) mod list_groups;
pub(crate) mod list_offsets;
pub(crate) mod metadata;
pub(crate) mod offset_commit;
pub(crate) mod offset_delete;
pub(crate) mod offset_fetch;
pub(crate) mod offset_for_leader_epoch;
pub(crate) mod produce;
mod resources;
pub(crate) mod sync_group;

use forebay_model::{TopicId, TopicName as ModelTopicName};
use kafka_protocol::messages::TopicName;
use kafka_protocol::protocol::StrBytes;
use uuid::Uuid;

use crate::topics::TopicKey;

/// What a topic allows to whoever asks, as a set of Kafka's operations by number: read 3, write 4, create 5, delete 6, alter 7,
/// describe 8, describe configs 10, alter configs 11. Nothing is forbidden yet.
const TOPIC_OPERATIONS: i32 = 0b1101_1111_1000;
/// The same of a cluster: create 5, alter 7, describe 8, cluster action 9, describe configs 10, alter configs 11,
/// idempotent write 12.
const CLUSTER_OPERATIONS: i32 = 0b1_1111_1010_0000;
/// The leader epoch of every partition.
const LEADER_EPOCH: i32 = 0;

/// A name as it is written in answers.
fn wire_name(name: &ModelTopicName) -> TopicName {
    TopicName(StrBytes::from_string(name.as_str().to_owned()))
}

/// How a request names a topic: by its id where there is one. A name that no topic can have names none.
fn topic_key(name: &TopicName, id: Uuid) -> Option<TopicKey> {
    if id.is_nil() {
        name.0.parse().ok().map(TopicKey::Name)
    } else {
        Some(TopicKey::Id(TopicId::from_uuid(id)))
    }
}

/// A text for people in an answer.
fn message(text: impl ToString) -> Option<StrBytes> {
    Some(StrBytes::from_string(text.to_string()))
}
