//! Consumer groups as a pure state machine: no I/O, no clock, no randomness; what time it is, when members were last
//! heard of and which ids are free comes in.
//!
//! - [`Group`] is all that is known of a group, but for its heartbeats and offsets; it goes through the metadata store
//!   as bytes.
//! - [`ClassicGroup`]: JoinGroup, SyncGroup, Heartbeat, LeaveGroup. Nothing in it waits: a member that has to is told
//!   so, and whoever waits on its behalf asks again when the group has changed or its [`Group::next_deadline`] is there.
//!   So members of one group may wait in different agents.
//! - [`ConsumerGroup`]: the protocol of KIP-848, where the group itself assigns ([`assign`]).
//! - [`offsets`]: when committed offsets are forgotten.
//!
//! Whoever looks at a group calls [`Group::advance`] first: sessions end and phases go on as time passes, whether or not
//! somebody looked.
//!
//! ```
//! use forebay_kafka_groups::{Group, GroupSettings};
//! use forebay_model::Timestamp;
//!
//! let now = Timestamp::from_millis(0);
//! let mut group = Group::empty(now);
//! group.advance(now, &Default::default(), &GroupSettings::default());
//! assert_eq!(Group::decode(&group.encode()?)?, group);
//! assert!(group.is_empty());
//! # Ok::<(), forebay_kafka_groups::StateError>(())
//! ```

mod classic;
mod consumer;
mod error;
mod group;
pub mod offsets;
mod settings;

pub use classic::{
    Beats, ClassicGroup, ClassicMember, InitialDelay, JoinReply, JoinRequest, JoinedMember, Joining,
    LeavingMember, Phase, SyncRequest, Syncing,
};
pub use consumer::{
    ConsumerGroup, ConsumerHeartbeat, ConsumerMember, HeartbeatReply, JOINS, LEAVES, LEAVES_FOR_A_WHILE,
    Partitions, TopicCounts, assign,
};
pub use error::GroupError;
pub use group::{Group, StateError};
pub use settings::GroupSettings;
