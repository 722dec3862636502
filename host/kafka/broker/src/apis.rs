//! One file for each API: what is served of it, and how.

mod acls;
pub(crate) mod alter_configs;
pub(crate) mod alter_user_scram_credentials;
mod alteration;
pub(crate) mod api_versions;
pub(crate) mod consumer_group_describe;
pub(crate) mod consumer_group_heartbeat;
pub(crate) mod create_acls;
pub(crate) mod create_partitions;
pub(crate) mod create_topics;
pub(crate) mod delete_acls;
pub(crate) mod delete_groups;
pub(crate) mod delete_records;
pub(crate) mod delete_topics;
pub(crate) mod describe_acls;
pub(crate) mod describe_cluster;
pub(crate) mod describe_configs;
pub(crate) mod describe_groups;
pub(crate) mod describe_topic_partitions;
pub(crate) mod describe_user_scram_credentials;
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
pub(crate) mod sasl_authenticate;
pub(crate) mod sasl_handshake;
pub(crate) mod sync_group;

use std::collections::HashSet;
use std::hash::Hash;

use forebay_kafka_security::Operation;
use forebay_model::{TopicId, TopicName as ModelTopicName};
use kafka_protocol::error::ResponseError;
use kafka_protocol::messages::TopicName;
use kafka_protocol::protocol::StrBytes;
use uuid::Uuid;

use crate::topics::TopicKey;

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

/// What a request asks about, each once. Clients ask no other way, and an answer may be a thousand times as long as its
/// question.
fn once<T, K: Eq + Hash>(mut asked: Vec<T>, key: impl Fn(&T) -> K) -> Vec<T> {
    let mut seen = HashSet::with_capacity(asked.len());
    asked.retain(|one| seen.insert(key(one)));
    asked
}

/// What a client is told who may not do something with a topic.
const TOPIC_DENIED: ResponseError = ResponseError::TopicAuthorizationFailed;

/// The same in words.
fn denied(operation: Operation, what: impl std::fmt::Display) -> String {
    format!("{operation} on {what} is not allowed")
}

/// A text for people in an answer.
fn message(text: impl ToString) -> Option<StrBytes> {
    Some(StrBytes::from_string(text.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_about_twice_is_answered_once() {
        assert_eq!(once(vec![(1, 'a'), (2, 'b'), (1, 'c')], |asked| asked.0), [(1, 'a'), (2, 'b')]);
    }
}
