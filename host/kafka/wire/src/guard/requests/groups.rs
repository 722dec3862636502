//! Those of consumer groups.

use super::super::schema::{BOOL, I32, I64, Kind, Layout, UUID, always, between, layout, since};
use super::{NUMBERS, STRINGS};
use Kind::{Bytes, String, Structs};

pub(super) static OFFSET_COMMIT: Layout = layout(
    8,
    &[
        always(String),     // group
        since(1, I32),      // generation, or member epoch
        since(1, String),   // member
        since(7, String),   // instance
        between(2, 4, I64), // retention
        always(Structs(&[
            between(0, 9, String), // topic
            since(10, UUID),
            always(Structs(&[
                always(I32),    // partition
                always(I64),    // offset
                since(6, I32),  // leader epoch
                always(String), // metadata
            ])),
        ])),
    ],
);

pub(super) static OFFSET_FETCH: Layout = layout(
    6,
    &[
        between(0, 7, String), // group
        between(0, 7, Structs(&[always(String), always(NUMBERS)])),
        since(
            8,
            Structs(&[
                always(String),   // group
                since(9, String), // member
                since(9, I32),    // member epoch
                always(Structs(&[between(0, 9, String), since(10, UUID), always(NUMBERS)])),
            ]),
        ),
        since(7, BOOL), // require stable
    ],
);

pub(super) static OFFSET_DELETE: Layout =
    layout(i16::MAX, &[always(String), always(Structs(&[always(String), always(Structs(&[always(I32)]))]))]);

pub(super) static JOIN_GROUP: Layout = layout(
    6,
    &[
        always(String),   // group
        always(I32),      // session timeout
        since(1, I32),    // rebalance timeout
        always(String),   // member
        since(5, String), // instance
        always(String),   // protocol type
        always(Structs(&[always(String), always(Bytes)])),
        since(8, String), // reason
    ],
);

pub(super) static SYNC_GROUP: Layout = layout(
    4,
    &[
        always(String),   // group
        always(I32),      // generation
        always(String),   // member
        since(3, String), // instance
        since(5, String), // protocol type
        since(5, String), // protocol
        always(Structs(&[always(String), always(Bytes)])),
    ],
);

pub(super) static HEARTBEAT: Layout =
    layout(4, &[always(String), always(I32), always(String), since(3, String)]);

pub(super) static LEAVE_GROUP: Layout = layout(
    4,
    &[
        always(String),
        between(0, 2, String),
        since(
            3,
            Structs(&[
                always(String),
                always(String),
                since(5, String), // reason
            ]),
        ),
    ],
);

pub(super) static DESCRIBE_GROUPS: Layout = layout(5, &[always(STRINGS), since(3, BOOL)]);

pub(super) static LIST_GROUPS: Layout = layout(3, &[since(4, STRINGS), since(5, STRINGS)]);

pub(super) static DELETE_GROUPS: Layout = layout(2, &[always(STRINGS)]);

pub(super) static CONSUMER_GROUP_HEARTBEAT: Layout = layout(
    0,
    &[
        always(String),   // group
        always(String),   // member
        always(I32),      // member epoch
        always(String),   // instance
        always(String),   // rack
        always(I32),      // rebalance timeout
        always(STRINGS),  // topics
        since(1, String), // regular expression
        always(String),   // assignor
        always(Structs(&[always(UUID), always(NUMBERS)])),
    ],
);

pub(super) static CONSUMER_GROUP_DESCRIBE: Layout = layout(0, &[always(STRINGS), always(BOOL)]);
