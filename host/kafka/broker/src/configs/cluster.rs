use std::time::Duration;

use forebay_model::PartitionCount;
use forebay_storage_metadata::Configs;

use super::definition::{
    ConfigKind, Definition, boolean, duration, is_batch_size, is_boolean, is_duration, number,
};
use super::topic::DEFAULT_RETENTION;

/// What can be set for a virtual cluster.
pub static CLUSTER_CONFIGS: &[Definition] = &[
    Definition {
        name: "auto.create.topics.enable",
        kind: ConfigKind::Boolean,
        default: "true",
        inherits: None,
        documentation: "Whether a topic is made when a client asks about it that may.",
        check: is_boolean,
    },
    Definition {
        name: "delete.topic.enable",
        kind: ConfigKind::Boolean,
        default: "true",
        inherits: None,
        documentation: "Whether topics may be deleted.",
        check: is_boolean,
    },
    Definition {
        name: "log.retention.ms",
        kind: ConfigKind::Long,
        default: "604800000",
        inherits: None,
        documentation: "How long records of topics without retention.ms are kept, -1 for ever.",
        check: is_duration,
    },
    Definition {
        name: "message.max.bytes",
        kind: ConfigKind::Int,
        default: "1048588",
        inherits: None,
        documentation: "The largest record batch of topics without max.message.bytes, in bytes.",
        check: is_batch_size,
    },
    Definition {
        name: "num.partitions",
        kind: ConfigKind::Int,
        default: "1",
        inherits: None,
        documentation: "How many partitions a topic gets that says no number.",
        check: |text| partitions(text).map(drop).ok_or("a number from 1 to 100000"),
    },
];

/// More partitions than this in one topic are a mistake.
pub(crate) const MOST_PARTITIONS: i32 = 100_000;

/// The configuration of a virtual cluster, with all defaults.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClusterConfig {
    pub auto_create_topics: bool,
    pub delete_topics: bool,
    /// How long records are kept; none is for ever.
    pub retention: Option<Duration>,
    pub max_message_bytes: usize,
    pub partitions: PartitionCount,
}

impl ClusterConfig {
    /// What holds with these settings, which were checked when they were set.
    #[must_use]
    pub fn new(set: &Configs) -> Self {
        let max_message_bytes = set.get("message.max.bytes").and_then(number);
        Self {
            auto_create_topics: set.get("auto.create.topics.enable").and_then(boolean).unwrap_or(true),
            delete_topics: set.get("delete.topic.enable").and_then(boolean).unwrap_or(true),
            retention: set.get("log.retention.ms").and_then(duration).unwrap_or(Some(DEFAULT_RETENTION)),
            max_message_bytes: max_message_bytes
                .and_then(|bytes| usize::try_from(bytes).ok())
                .unwrap_or(1_048_588),
            partitions: set.get("num.partitions").and_then(partitions).unwrap_or(PartitionCount::ONE),
        }
    }
}

fn partitions(text: &str) -> Option<PartitionCount> {
    let count = number(text).and_then(|count| i32::try_from(count).ok())?;
    PartitionCount::new(count).ok().filter(|_| count <= MOST_PARTITIONS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_are_what_is_told_of_them() {
        let told = CLUSTER_CONFIGS.iter().map(|definition| (definition.name, definition.default)).collect();
        assert_eq!(ClusterConfig::new(&told), ClusterConfig::new(&Configs::default()));
        for definition in CLUSTER_CONFIGS {
            definition.check(definition.default).unwrap();
            assert!(definition.check("nonsense").is_err(), "{}", definition.name);
        }
    }
}
