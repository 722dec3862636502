//! The names, numbers and units that several crates speak of: topics, partitions, offsets, producers, segments, agents.
//!
//! Each is a type of its own, so that an offset is never taken for a count, nor a topic for a cluster. What can be
//! wrong is refused where it is made, with a message that says what is expected. Nothing here does I/O, reads a
//! clock or draws random numbers: who makes an id hands in its bits.
//!
//! ```
//! use forebay_model::{Offset, RecordCount, TopicName};
//!
//! let topic: TopicName = "orders.eu".parse()?;
//! assert!("orders/eu".parse::<TopicName>().is_err());
//! assert_eq!(topic.as_str(), "orders.eu");
//!
//! let next = Offset::ZERO.advanced(RecordCount::new(3));
//! assert_eq!(next.map(Offset::get), Some(3));
//! # Ok::<(), forebay_model::TopicNameError>(())
//! ```

mod agent;
mod byte_count;
mod commit_id;
mod group;
mod number;
mod offset;
mod partition_id;
mod producer;
mod role;
mod segment_name;
mod shown;
mod timestamp;
mod topic_id;
mod topic_name;
mod uuid_id;
mod virtual_cluster_id;

pub use agent::{AgentGroup, AgentId, AgentNameError, AvailabilityZone, NodeId, NodeIdError};
pub use byte_count::ByteCount;
pub use commit_id::CommitId;
pub use group::{GroupId, GroupTextError, MemberId};
pub use number::Negative;
pub use offset::{LeaderEpoch, Offset, RecordCount};
pub use partition_id::{PartitionCount, PartitionId, TopicIdPartition};
pub use producer::{ProducerEpoch, ProducerId, Sequence};
pub use role::{Role, RoleError, Roles};
pub use segment_name::{SegmentName, SegmentNameError};
pub use timestamp::Timestamp;
pub use topic_id::TopicId;
pub use topic_name::{TopicName, TopicNameError};
pub use virtual_cluster_id::{VirtualClusterId, VirtualClusterIdError};
