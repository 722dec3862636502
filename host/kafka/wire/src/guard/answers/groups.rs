//! Those about consumer groups.

use super::super::schema::{
    BOOL, I8, I16, I32, I64, Kind, Layout, UUID, always, between, layout, since, structure,
};
use super::{NUMBERS, STRINGS};
use Kind::{Bytes, Optional, String, Structs};

pub(super) static OFFSET_COMMIT: Layout = layout(
    8,
    &[
        since(3, I32), // throttle time ms
        always(Structs(&[
            between(0, 9, String), // name
            since(10, UUID),       // topic id
            always(Structs(&[
                always(I32), // partition index
                always(I16), // error code
            ])), // partitions
        ])), // topics
    ],
);

pub(super) static OFFSET_FETCH: Layout = layout(
    6,
    &[
        since(3, I32), // throttle time ms
        between(
            0,
            7,
            Structs(&[
                between(0, 7, String), // name
                between(
                    0,
                    7,
                    Structs(&[
                        between(0, 7, I32),    // partition index
                        between(0, 7, I64),    // committed offset
                        between(5, 7, I32),    // committed leader epoch
                        between(0, 7, String), // metadata
                        between(0, 7, I16),    // error code
                    ]),
                ), // partitions
            ]),
        ), // topics
        between(2, 7, I16), // error code
        since(
            8,
            Structs(&[
                always(String), // group id
                always(Structs(&[
                    between(0, 9, String), // name
                    since(10, UUID),       // topic id
                    always(Structs(&[
                        always(I32),    // partition index
                        always(I64),    // committed offset
                        always(I32),    // committed leader epoch
                        always(String), // metadata
                        always(I16),    // error code
                    ])), // partitions
                ])), // topics
                always(I16),    // error code
            ]),
        ), // groups
    ],
);

pub(super) static OFFSET_DELETE: Layout = layout(
    i16::MAX,
    &[
        always(I16), // error code
        always(I32), // throttle time ms
        always(Structs(&[
            always(String), // name
            always(Structs(&[
                always(I32), // partition index
                always(I16), // error code
            ])), // partitions
        ])), // topics
    ],
);

pub(super) static JOIN_GROUP: Layout = layout(
    6,
    &[
        since(2, I32),    // throttle time ms
        always(I16),      // error code
        always(I32),      // generation id
        since(7, String), // protocol type
        always(String),   // protocol name
        always(String),   // leader
        since(9, BOOL),   // skip assignment
        always(String),   // member id
        always(Structs(&[
            always(String),   // member id
            since(5, String), // group instance id
            always(Bytes),    // metadata
        ])), // members
    ],
);

pub(super) static SYNC_GROUP: Layout = layout(
    4,
    &[
        since(1, I32),    // throttle time ms
        always(I16),      // error code
        since(5, String), // protocol type
        since(5, String), // protocol name
        always(Bytes),    // assignment
    ],
);

pub(super) static HEARTBEAT: Layout = layout(
    4,
    &[
        since(1, I32), // throttle time ms
        always(I16),   // error code
    ],
);

pub(super) static LEAVE_GROUP: Layout = layout(
    4,
    &[
        since(1, I32), // throttle time ms
        always(I16),   // error code
        since(
            3,
            Structs(&[
                always(String), // member id
                always(String), // group instance id
                always(I16),    // error code
            ]),
        ), // members
    ],
);

pub(super) static DESCRIBE_GROUPS: Layout = layout(
    5,
    &[
        since(1, I32), // throttle time ms
        always(Structs(&[
            always(I16),      // error code
            since(6, String), // error message
            always(String),   // group id
            always(String),   // group state
            always(String),   // protocol type
            always(String),   // protocol data
            always(Structs(&[
                always(String),   // member id
                since(4, String), // group instance id
                always(String),   // client id
                always(String),   // client host
                always(Bytes),    // member metadata
                always(Bytes),    // member assignment
            ])), // members
            since(3, I32),    // authorized operations
        ])), // groups
    ],
);

pub(super) static LIST_GROUPS: Layout = layout(
    3,
    &[
        since(1, I32), // throttle time ms
        always(I16),   // error code
        always(Structs(&[
            always(String),   // group id
            always(String),   // protocol type
            since(4, String), // group state
            since(5, String), // group type
        ])), // groups
    ],
);

pub(super) static DELETE_GROUPS: Layout = layout(
    2,
    &[
        always(I32), // throttle time ms
        always(Structs(&[
            always(String), // group id
            always(I16),    // error code
        ])), // results
    ],
);

pub(super) static CONSUMER_GROUP_HEARTBEAT: Layout = layout(
    0,
    &[
        always(I32),    // throttle time ms
        always(I16),    // error code
        always(String), // error message
        always(String), // member id
        always(I32),    // member epoch
        always(I32),    // heartbeat interval ms
        always(Optional(&structure(&[
            always(Structs(&[
                always(UUID),    // topic id
                always(NUMBERS), // partitions
            ])), // topic partitions
        ]))), // assignment
    ],
);

const ASSIGNMENT: Kind = Kind::Struct(&structure(&[
    always(Structs(&[
        always(UUID),    // topic id
        always(String),  // topic name
        always(NUMBERS), // partitions
    ])), // topic partitions
]));

pub(super) static CONSUMER_GROUP_DESCRIBE: Layout = layout(
    0,
    &[
        always(I32), // throttle time ms
        always(Structs(&[
            always(I16),    // error code
            always(String), // error message
            always(String), // group id
            always(String), // group state
            always(I32),    // group epoch
            always(I32),    // assignment epoch
            always(String), // assignor name
            always(Structs(&[
                always(String),     // member id
                always(String),     // instance id
                always(String),     // rack id
                always(I32),        // member epoch
                always(String),     // client id
                always(String),     // client host
                always(STRINGS),    // subscribed topic names
                always(String),     // subscribed topic regex
                always(ASSIGNMENT), // assignment
                always(ASSIGNMENT), // target assignment
                since(1, I8),       // member type
            ])), // members
            always(I32),    // authorized operations
        ])), // groups
    ],
);

pub(super) static FIND_COORDINATOR: Layout = layout(
    3,
    &[
        since(1, I32),         // throttle time ms
        between(0, 3, I16),    // error code
        between(1, 3, String), // error message
        between(0, 3, I32),    // node id
        between(0, 3, String), // host
        between(0, 3, I32),    // port
        since(
            4,
            Structs(&[
                always(String), // key
                always(I32),    // node id
                always(String), // host
                always(I32),    // port
                always(I16),    // error code
                always(String), // error message
            ]),
        ), // coordinators
    ],
);
