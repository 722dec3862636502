//! Those about records, and about where they are.

use super::super::schema::{
    BOOL, I16, I32, I64, Kind, Layout, Struct, Tag, UUID, always, between, layout, since, structure,
};
use super::NUMBERS;
use Kind::{Array, Bytes, String, Structs};

const CURRENT_LEADER: Kind = Kind::Struct(&structure(&[
    always(I32), // leader id
    always(I32), // leader epoch
]));

const NODE_ENDPOINTS: Kind = Structs(&[
    always(I32),    // node id
    always(String), // host
    always(I32),    // port
    always(String), // rack
]);

pub(super) static PRODUCE: Layout = Layout {
    flexible: 9,
    body: Struct {
        members: &[
            always(Structs(&[
                between(0, 12, String), // name
                since(13, UUID),        // topic id
                always(Array(&Kind::Struct(&Struct {
                    members: &[
                        always(I32),   // index
                        always(I16),   // error code
                        always(I64),   // base offset
                        always(I64),   // log append time ms
                        since(5, I64), // log start offset
                        since(
                            8,
                            Structs(&[
                                always(I32),    // batch index
                                always(String), // batch index error message
                            ]),
                        ), // record errors
                        since(8, String), // error message
                    ],
                    tags: &[
                        Tag { number: 0, since: 10, kind: CURRENT_LEADER }, // current leader
                    ],
                }))), // partition responses
            ])), // responses
            always(I32), // throttle time ms
        ],
        tags: &[
            Tag { number: 0, since: 10, kind: NODE_ENDPOINTS }, // node endpoints
        ],
    },
};

pub(super) static FETCH: Layout = Layout {
    flexible: 12,
    body: Struct {
        members: &[
            always(I32),   // throttle time ms
            since(7, I16), // error code
            since(7, I32), // session id
            always(Structs(&[
                between(0, 12, String), // topic
                since(13, UUID),        // topic id
                always(Array(&Kind::Struct(&Struct {
                    members: &[
                        always(I32),   // partition index
                        always(I16),   // error code
                        always(I64),   // high watermark
                        always(I64),   // last stable offset
                        since(5, I64), // log start offset
                        always(Structs(&[
                            always(I64), // producer id
                            always(I64), // first offset
                        ])), // aborted transactions
                        since(11, I32), // preferred read replica
                        always(Bytes), // records
                    ],
                    tags: &[
                        Tag {
                            number: 0,
                            since: 12,
                            kind: Kind::Struct(&structure(&[
                                always(I32), // epoch
                                always(I64), // end offset
                            ])),
                        }, // diverging epoch
                        Tag { number: 1, since: 12, kind: CURRENT_LEADER }, // current leader
                        Tag {
                            number: 2,
                            since: 12,
                            kind: Kind::Struct(&structure(&[
                                always(I64), // end offset
                                always(I32), // epoch
                            ])),
                        }, // snapshot id
                    ],
                }))), // partitions
            ])), // responses
        ],
        tags: &[
            Tag { number: 0, since: 16, kind: NODE_ENDPOINTS }, // node endpoints
        ],
    },
};

pub(super) static LIST_OFFSETS: Layout = layout(
    6,
    &[
        since(2, I32), // throttle time ms
        always(Structs(&[
            always(String), // name
            always(Structs(&[
                always(I32),   // partition index
                always(I16),   // error code
                always(I64),   // timestamp
                always(I64),   // offset
                since(4, I32), // leader epoch
            ])), // partitions
        ])), // topics
    ],
);

pub(super) static METADATA: Layout = layout(
    9,
    &[
        since(3, I32), // throttle time ms
        always(Structs(&[
            always(I32),      // node id
            always(String),   // host
            always(I32),      // port
            since(1, String), // rack
        ])), // brokers
        since(2, String), // cluster id
        since(1, I32), // controller id
        always(Structs(&[
            always(I16),     // error code
            always(String),  // name
            since(10, UUID), // topic id
            since(1, BOOL),  // is internal
            always(Structs(&[
                always(I16),       // error code
                always(I32),       // partition index
                always(I32),       // leader id
                since(7, I32),     // leader epoch
                always(NUMBERS),   // replica nodes
                always(NUMBERS),   // isr nodes
                since(5, NUMBERS), // offline replicas
            ])), // partitions
            since(8, I32),   // topic authorized operations
        ])), // topics
        between(8, 10, I32), // cluster authorized operations
        since(13, I16), // error code
    ],
);

pub(super) static API_VERSIONS: Layout = Layout {
    flexible: 3,
    body: Struct {
        members: &[
            always(I16), // error code
            always(Structs(&[
                always(I16), // api key
                always(I16), // min version
                always(I16), // max version
            ])), // api keys
            since(1, I32), // throttle time ms
        ],
        tags: &[
            Tag {
                number: 0,
                since: 3,
                kind: Structs(&[
                    always(String), // name
                    always(I16),    // min version
                    always(I16),    // max version
                ]),
            }, // supported features
            Tag { number: 1, since: 3, kind: I64 }, // finalized features epoch
            Tag {
                number: 2,
                since: 3,
                kind: Structs(&[
                    always(String), // name
                    always(I16),    // max version level
                    always(I16),    // min version level
                ]),
            }, // finalized features
            Tag { number: 3, since: 3, kind: BOOL }, // zk migration ready
        ],
    },
};

pub(super) static INIT_PRODUCER_ID: Layout = layout(
    2,
    &[
        always(I32),   // throttle time ms
        always(I16),   // error code
        always(I64),   // producer id
        always(I16),   // producer epoch
        since(6, I64), // ongoing txn producer id
        since(6, I16), // ongoing txn producer epoch
    ],
);

pub(super) static OFFSET_FOR_LEADER_EPOCH: Layout = layout(
    4,
    &[
        always(I32), // throttle time ms
        always(Structs(&[
            always(String), // topic
            always(Structs(&[
                always(I16), // error code
                always(I32), // partition
                always(I32), // leader epoch
                always(I64), // end offset
            ])), // partitions
        ])), // topics
    ],
);

pub(super) static DELETE_RECORDS: Layout = layout(
    2,
    &[
        always(I32), // throttle time ms
        always(Structs(&[
            always(String), // name
            always(Structs(&[
                always(I32), // partition index
                always(I64), // low watermark
                always(I16), // error code
            ])), // partitions
        ])), // topics
    ],
);
