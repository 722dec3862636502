use forebay_kafka_security::{Operation as O, Operation, ResourceType, ResourceType as R};
use kafka_protocol::messages::ApiKey;

use crate::api::SERVED;

/// Something that an API needs to be allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Need {
    pub operation: Operation,
    pub on: ResourceType,
    pub role: Role,
}

/// What follows from an operation not being allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// What it is about is refused.
    Required,
    /// Nothing, as long as another sufficient one is allowed.
    Sufficient,
    /// What it is about is refused, where the request names it.
    IfNamed,
    /// Less is told or done, and nothing is refused.
    More,
}

const fn required(operation: Operation, on: ResourceType) -> Need {
    Need { operation, on, role: Role::Required }
}

const fn sufficient(operation: Operation, on: ResourceType) -> Need {
    Need { operation, on, role: Role::Sufficient }
}

const fn if_named(operation: Operation, on: ResourceType) -> Need {
    Need { operation, on, role: Role::IfNamed }
}

const fn more(operation: Operation, on: ResourceType) -> Need {
    Need { operation, on, role: Role::More }
}

/// What an API needs, as in Kafka; none of an API that is not served. Whoever adds an API adds its row: without it
/// this does not compile.
#[must_use]
pub const fn needs(api: ApiKey) -> Option<&'static [Need]> {
    Some(match api {
        ApiKey::ApiVersions | ApiKey::SaslHandshake | ApiKey::SaslAuthenticate => &[],
        ApiKey::Produce => const { &[required(O::Write, R::Topic), if_named(O::Write, R::TransactionalId)] },
        ApiKey::Fetch => const { &[required(O::Read, R::Topic)] },
        ApiKey::ListOffsets | ApiKey::OffsetForLeaderEpoch | ApiKey::DescribeTopicPartitions => {
            const { &[required(O::Describe, R::Topic)] }
        }
        ApiKey::Metadata => {
            const {
                &[
                    required(O::Describe, R::Topic),
                    more(O::Create, R::Topic),
                    more(O::Create, R::Cluster),
                    more(O::Describe, R::Cluster),
                ]
            }
        }
        ApiKey::CreateTopics => {
            const {
                &[
                    sufficient(O::Create, R::Cluster),
                    sufficient(O::Create, R::Topic),
                    more(O::DescribeConfigs, R::Topic),
                ]
            }
        }
        ApiKey::DeleteTopics => const { &[required(O::Delete, R::Topic)] },
        ApiKey::DeleteRecords => const { &[required(O::Delete, R::Topic)] },
        ApiKey::CreatePartitions => const { &[required(O::Alter, R::Topic)] },
        ApiKey::InitProducerId => {
            const {
                &[
                    sufficient(O::IdempotentWrite, R::Cluster),
                    sufficient(O::Write, R::Topic),
                    if_named(O::Write, R::TransactionalId),
                ]
            }
        }
        ApiKey::DescribeConfigs => {
            const { &[required(O::DescribeConfigs, R::Topic), required(O::DescribeConfigs, R::Cluster)] }
        }
        ApiKey::AlterConfigs | ApiKey::IncrementalAlterConfigs => {
            const { &[required(O::AlterConfigs, R::Topic), required(O::AlterConfigs, R::Cluster)] }
        }
        ApiKey::DescribeCluster => const { &[more(O::Describe, R::Cluster)] },
        ApiKey::DescribeAcls | ApiKey::DescribeUserScramCredentials => {
            const { &[required(O::Describe, R::Cluster)] }
        }
        ApiKey::CreateAcls | ApiKey::DeleteAcls | ApiKey::AlterUserScramCredentials => {
            const { &[required(O::Alter, R::Cluster)] }
        }
        ApiKey::FindCoordinator => {
            const { &[required(O::Describe, R::Group), if_named(O::Describe, R::TransactionalId)] }
        }
        ApiKey::JoinGroup | ApiKey::SyncGroup | ApiKey::Heartbeat | ApiKey::LeaveGroup => {
            const { &[required(O::Read, R::Group)] }
        }
        ApiKey::ConsumerGroupHeartbeat => {
            const { &[required(O::Read, R::Group), required(O::Describe, R::Topic)] }
        }
        ApiKey::OffsetCommit => const { &[required(O::Read, R::Group), required(O::Read, R::Topic)] },
        ApiKey::OffsetFetch => const { &[required(O::Describe, R::Group), required(O::Describe, R::Topic)] },
        ApiKey::OffsetDelete => const { &[required(O::Delete, R::Group), required(O::Read, R::Topic)] },
        ApiKey::DescribeGroups => const { &[required(O::Describe, R::Group)] },
        ApiKey::ConsumerGroupDescribe => {
            const { &[required(O::Describe, R::Group), if_named(O::Describe, R::Topic)] }
        }
        ApiKey::ListGroups => const { &[more(O::Describe, R::Cluster), more(O::Describe, R::Group)] },
        ApiKey::DeleteGroups => const { &[required(O::Delete, R::Group)] },
        _ => return None,
    })
}

const _: () = {
    let mut at = 0;
    while at < SERVED.len() {
        assert!(needs(SERVED[at].key).is_some(), "an API is served that says nothing of what it needs");
        at += 1;
    }
};

/// Whether an API may ask for this.
pub(super) fn has(api: ApiKey, operation: Operation, on: ResourceType) -> bool {
    let needs = needs(api).unwrap_or_default();
    needs.iter().any(|need| need.operation == operation && need.on == on)
}
