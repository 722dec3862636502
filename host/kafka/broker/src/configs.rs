//! The configurations of topics and of the virtual cluster: their names, what they may be, their defaults, and the form in
//! which the broker uses them. The metadata store keeps what was set, as text.

mod cluster;
mod definition;
mod topic;

pub(crate) use cluster::MOST_PARTITIONS;
pub use cluster::{CLUSTER_CONFIGS, ClusterConfig};
pub use definition::{Alias, ConfigKind, ConfigRefused, Definition, find};
pub use topic::{CompressionType, TOPIC_CONFIGS, TopicConfig};
