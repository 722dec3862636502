//! Those about topics, settings, logins and rights.

use super::super::schema::{
    BOOL, I8, I16, I32, I64, Kind, Layout, Struct, Tag, UUID, always, layout, since, structure,
};
use super::{NUMBERS, STRINGS};
use Kind::{Array, Bytes, Optional, String, Structs};

pub(super) static CREATE_TOPICS: Layout = layout(
    5,
    &[
        always(I32), // throttle time ms
        always(Array(&Kind::Struct(&Struct {
            members: &[
                always(String), // name
                since(7, UUID), // topic id
                always(I16),    // error code
                always(String), // error message
                since(5, I32),  // num partitions
                since(5, I16),  // replication factor
                since(
                    5,
                    Structs(&[
                        always(String), // name
                        always(String), // value
                        always(BOOL),   // read only
                        always(I8),     // config source
                        always(BOOL),   // is sensitive
                    ]),
                ), // configs
            ],
            tags: &[
                Tag { number: 0, since: 5, kind: I16 }, // topic config error code
            ],
        }))), // topics
    ],
);

pub(super) static DELETE_TOPICS: Layout = layout(
    4,
    &[
        always(I32), // throttle time ms
        always(Structs(&[
            always(String),   // name
            since(6, UUID),   // topic id
            always(I16),      // error code
            since(5, String), // error message
        ])), // responses
    ],
);

pub(super) static CREATE_PARTITIONS: Layout = layout(
    2,
    &[
        always(I32), // throttle time ms
        always(Structs(&[
            always(String), // name
            always(I16),    // error code
            always(String), // error message
        ])), // results
    ],
);

pub(super) static DESCRIBE_CONFIGS: Layout = layout(
    4,
    &[
        always(I32), // throttle time ms
        always(Structs(&[
            always(I16),    // error code
            always(String), // error message
            always(I8),     // resource type
            always(String), // resource name
            always(Structs(&[
                always(String), // name
                always(String), // value
                always(BOOL),   // read only
                always(I8),     // config source
                always(BOOL),   // is sensitive
                always(Structs(&[
                    always(String), // name
                    always(String), // value
                    always(I8),     // source
                ])), // synonyms
                since(3, I8),   // config type
                since(3, String), // documentation
            ])), // configs
        ])), // results
    ],
);

const ALTERED: Kind = Structs(&[
    always(I16),    // error code
    always(String), // error message
    always(I8),     // resource type
    always(String), // resource name
]);

pub(super) static ALTER_CONFIGS: Layout = layout(
    2,
    &[
        always(I32),     // throttle time ms
        always(ALTERED), // responses
    ],
);

pub(super) static INCREMENTAL_ALTER_CONFIGS: Layout = layout(
    1,
    &[
        always(I32),     // throttle time ms
        always(ALTERED), // responses
    ],
);

pub(super) static DESCRIBE_CLUSTER: Layout = layout(
    0,
    &[
        always(I32),    // throttle time ms
        always(I16),    // error code
        always(String), // error message
        since(1, I8),   // endpoint type
        always(String), // cluster id
        always(I32),    // controller id
        always(Structs(&[
            always(I32),    // broker id
            always(String), // host
            always(I32),    // port
            always(String), // rack
            since(2, BOOL), // is fenced
        ])), // brokers
        always(I32),    // cluster authorized operations
    ],
);

pub(super) static DESCRIBE_TOPIC_PARTITIONS: Layout = layout(
    0,
    &[
        always(I32), // throttle time ms
        always(Structs(&[
            always(I16),    // error code
            always(String), // name
            always(UUID),   // topic id
            always(BOOL),   // is internal
            always(Structs(&[
                always(I16),     // error code
                always(I32),     // partition index
                always(I32),     // leader id
                always(I32),     // leader epoch
                always(NUMBERS), // replica nodes
                always(NUMBERS), // isr nodes
                always(NUMBERS), // eligible leader replicas
                always(NUMBERS), // last known elr
                always(NUMBERS), // offline replicas
            ])), // partitions
            always(I32),    // topic authorized operations
        ])), // topics
        always(Optional(&structure(&[
            always(String), // topic name
            always(I32),    // partition index
        ]))), // next cursor
    ],
);

pub(super) static SASL_HANDSHAKE: Layout = layout(
    i16::MAX,
    &[
        always(I16),     // error code
        always(STRINGS), // mechanisms
    ],
);

pub(super) static SASL_AUTHENTICATE: Layout = layout(
    2,
    &[
        always(I16),    // error code
        always(String), // error message
        always(Bytes),  // auth bytes
        since(1, I64),  // session lifetime ms
    ],
);

pub(super) static DESCRIBE_ACLS: Layout = layout(
    2,
    &[
        always(I32),    // throttle time ms
        always(I16),    // error code
        always(String), // error message
        always(Structs(&[
            always(I8),     // resource type
            always(String), // resource name
            always(I8),     // pattern type
            always(Structs(&[
                always(String), // principal
                always(String), // host
                always(I8),     // operation
                always(I8),     // permission type
            ])), // acls
        ])), // resources
    ],
);

pub(super) static CREATE_ACLS: Layout = layout(
    2,
    &[
        always(I32), // throttle time ms
        always(Structs(&[
            always(I16),    // error code
            always(String), // error message
        ])), // results
    ],
);

pub(super) static DELETE_ACLS: Layout = layout(
    2,
    &[
        always(I32), // throttle time ms
        always(Structs(&[
            always(I16),    // error code
            always(String), // error message
            always(Structs(&[
                always(I16),    // error code
                always(String), // error message
                always(I8),     // resource type
                always(String), // resource name
                always(I8),     // pattern type
                always(String), // principal
                always(String), // host
                always(I8),     // operation
                always(I8),     // permission type
            ])), // matching acls
        ])), // filter results
    ],
);

pub(super) static DESCRIBE_USER_SCRAM_CREDENTIALS: Layout = layout(
    0,
    &[
        always(I32),    // throttle time ms
        always(I16),    // error code
        always(String), // error message
        always(Structs(&[
            always(String), // user
            always(I16),    // error code
            always(String), // error message
            always(Structs(&[
                always(I8),  // mechanism
                always(I32), // iterations
            ])), // credential infos
        ])), // results
    ],
);

pub(super) static ALTER_USER_SCRAM_CREDENTIALS: Layout = layout(
    0,
    &[
        always(I32), // throttle time ms
        always(Structs(&[
            always(String), // user
            always(I16),    // error code
            always(String), // error message
        ])), // results
    ],
);
