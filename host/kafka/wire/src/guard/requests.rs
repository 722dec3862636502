//! The layouts of the requests that are decoded, field by field in the order of their bytes.

mod groups;

use super::schema::{
    BOOL, I8, I16, I32, I64, Kind, Layout, Member, Struct, Tag, UUID, always, between, layout, since,
    structure,
};
use Kind::{Array, Bytes, Optional, String, Structs};
use kafka_protocol::messages::ApiKey;

/// The layout of an API's requests, in all versions that are served.
pub(super) fn layout_of(api: ApiKey) -> Option<&'static Layout> {
    Some(match api {
        ApiKey::Produce => &PRODUCE,
        ApiKey::Fetch => &FETCH,
        ApiKey::ListOffsets => &LIST_OFFSETS,
        ApiKey::Metadata => &METADATA,
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
        ApiKey::FindCoordinator => &FIND_COORDINATOR,
        ApiKey::ApiVersions => &API_VERSIONS,
        ApiKey::CreateTopics => &CREATE_TOPICS,
        ApiKey::DeleteTopics => &DELETE_TOPICS,
        ApiKey::DeleteRecords => &DELETE_RECORDS,
        ApiKey::InitProducerId => &INIT_PRODUCER_ID,
        ApiKey::OffsetForLeaderEpoch => &OFFSET_FOR_LEADER_EPOCH,
        ApiKey::DescribeConfigs => &DESCRIBE_CONFIGS,
        ApiKey::AlterConfigs => &ALTER_CONFIGS,
        ApiKey::CreatePartitions => &CREATE_PARTITIONS,
        ApiKey::IncrementalAlterConfigs => &INCREMENTAL_ALTER_CONFIGS,
        ApiKey::DescribeCluster => &DESCRIBE_CLUSTER,
        ApiKey::DescribeTopicPartitions => &DESCRIBE_TOPIC_PARTITIONS,
        ApiKey::SaslHandshake => &SASL_HANDSHAKE,
        ApiKey::SaslAuthenticate => &SASL_AUTHENTICATE,
        ApiKey::DescribeAcls => &DESCRIBE_ACLS,
        ApiKey::CreateAcls => &CREATE_ACLS,
        ApiKey::DeleteAcls => &DELETE_ACLS,
        ApiKey::DescribeUserScramCredentials => &DESCRIBE_USER_SCRAM_CREDENTIALS,
        ApiKey::AlterUserScramCredentials => &ALTER_USER_SCRAM_CREDENTIALS,
        _ => return None,
    })
}

const STRINGS: Kind = Array(&String);
const NUMBERS: Kind = Array(&I32);

static PRODUCE: Layout = layout(
    9,
    &[
        since(3, String), // transactional id
        always(I16),      // acks
        always(I32),      // timeout
        always(Structs(&[
            between(0, 12, String), // topic
            since(13, UUID),
            always(Structs(&[always(I32), always(Bytes)])), // partition, records
        ])),
    ],
);

static FETCH: Layout = Layout {
    flexible: 12,
    body: Struct {
        members: &[
            between(0, 14, I32), // replica
            always(I32),         // max wait
            always(I32),         // min bytes
            always(I32),         // max bytes
            always(I8),          // isolation
            since(7, I32),       // session
            since(7, I32),       // session epoch
            always(Structs(&[
                between(0, 12, String),
                since(13, UUID),
                always(Array(&Kind::Struct(&Struct {
                    members: &[
                        always(I32),    // partition
                        since(9, I32),  // leader epoch
                        always(I64),    // offset
                        since(12, I32), // last fetched epoch
                        since(5, I64),  // log start offset
                        always(I32),    // max bytes
                    ],
                    tags: &[
                        Tag { number: 0, since: 17, kind: UUID },
                        Tag { number: 1, since: 18, kind: I64 },
                    ],
                }))),
            ])),
            since(7, Structs(&[between(0, 12, String), since(13, UUID), always(NUMBERS)])),
            since(11, String), // rack
        ],
        tags: &[
            Tag { number: 0, since: 12, kind: String },
            Tag { number: 1, since: 15, kind: Kind::Struct(&structure(&[always(I32), always(I64)])) },
        ],
    },
};

static LIST_OFFSETS: Layout = layout(
    6,
    &[
        always(I32),  // replica
        since(2, I8), // isolation
        always(Structs(&[always(String), always(Structs(&[always(I32), since(4, I32), always(I64)]))])),
        since(10, I32), // timeout
    ],
);

static METADATA: Layout = layout(
    9,
    &[
        always(Structs(&[since(10, UUID), always(String)])),
        since(4, BOOL),
        between(8, 10, BOOL),
        since(8, BOOL),
    ],
);

static FIND_COORDINATOR: Layout = layout(3, &[between(0, 3, String), since(1, I8), since(4, STRINGS)]);

static API_VERSIONS: Layout = layout(3, &[since(3, String), since(3, String)]);

static CREATE_TOPICS: Layout = layout(
    5,
    &[
        always(Structs(&[
            always(String),
            always(I32), // partitions
            always(I16), // replicas
            always(Structs(&[always(I32), always(NUMBERS)])),
            always(Structs(&[always(String), always(String)])),
        ])),
        always(I32),  // timeout
        always(BOOL), // validate only
    ],
);

static DELETE_TOPICS: Layout =
    layout(4, &[since(6, Structs(&[always(String), always(UUID)])), between(0, 5, STRINGS), always(I32)]);

static DELETE_RECORDS: Layout = layout(
    2,
    &[always(Structs(&[always(String), always(Structs(&[always(I32), always(I64)]))])), always(I32)],
);

static INIT_PRODUCER_ID: Layout = layout(2, &[always(String), always(I32), since(3, I64), since(3, I16)]);

static OFFSET_FOR_LEADER_EPOCH: Layout = layout(
    4,
    &[
        since(3, I32),
        always(Structs(&[always(String), always(Structs(&[always(I32), always(I32), always(I32)]))])),
    ],
);

static DESCRIBE_CONFIGS: Layout = layout(
    4,
    &[always(Structs(&[always(I8), always(String), always(STRINGS)])), always(BOOL), since(3, BOOL)],
);

static ALTER_CONFIGS: Layout = layout(
    2,
    &[
        always(Structs(&[always(I8), always(String), always(Structs(&[always(String), always(String)]))])),
        always(BOOL),
    ],
);

static CREATE_PARTITIONS: Layout = layout(
    2,
    &[
        always(Structs(&[always(String), always(I32), always(Structs(&[always(NUMBERS)]))])),
        always(I32),
        always(BOOL),
    ],
);

static INCREMENTAL_ALTER_CONFIGS: Layout = layout(
    1,
    &[
        always(Structs(&[
            always(I8),
            always(String),
            always(Structs(&[always(String), always(I8), always(String)])),
        ])),
        always(BOOL),
    ],
);

static DESCRIBE_CLUSTER: Layout = layout(0, &[always(BOOL), since(1, I8), since(2, BOOL)]);

static DESCRIBE_TOPIC_PARTITIONS: Layout = layout(
    0,
    &[
        always(Structs(&[always(String)])),
        always(I32),
        always(Optional(&structure(&[always(String), always(I32)]))),
    ],
);

/// No version of it has compact lengths.
static SASL_HANDSHAKE: Layout = layout(i16::MAX, &[always(String)]);

static SASL_AUTHENTICATE: Layout = layout(2, &[always(Bytes)]);

/// What an ACL is made of, or what chooses one.
const ACL: [Member; 7] = [
    always(I8),     // type of resource
    always(String), // name
    always(I8),     // type of pattern
    always(String), // principal
    always(String), // host
    always(I8),     // operation
    always(I8),     // permission
];

static DESCRIBE_ACLS: Layout = layout(2, &ACL);

static CREATE_ACLS: Layout = layout(2, &[always(Structs(&ACL))]);

static DELETE_ACLS: Layout = layout(2, &[always(Structs(&ACL))]);

static DESCRIBE_USER_SCRAM_CREDENTIALS: Layout = layout(0, &[always(Structs(&[always(String)]))]);

static ALTER_USER_SCRAM_CREDENTIALS: Layout = layout(
    0,
    &[
        always(Structs(&[always(String), always(I8)])),
        always(Structs(&[
            always(String),
            always(I8),    // mechanism
            always(I32),   // iterations
            always(Bytes), // salt
            always(Bytes), // salted password
        ])),
    ],
);
