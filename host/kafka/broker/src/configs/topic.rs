use std::time::Duration;

use forebay_kafka_wire::Compression;
use forebay_model::ByteCount;
use forebay_storage_log::KeyedPolicy;
use forebay_storage_metadata::{Configs, RetentionLimits, TimestampType};

use super::ClusterConfig;
use super::definition::{ConfigKind, Definition, duration, is_batch_size, is_duration, is_size, number};

/// What can be set for a topic.
pub static TOPIC_CONFIGS: &[Definition] = &[
    Definition {
        name: "cleanup.policy",
        kind: ConfigKind::List,
        default: "delete",
        inherits: None,
        aliases: &[],
        documentation: "What is done with old records: delete them, compact them by key, or both.",
        check: |text| CleanupPolicy::parse(text).map(drop).ok_or("delete, compact, or both with a comma"),
    },
    Definition {
        name: "compression.type",
        kind: ConfigKind::String,
        default: "producer",
        inherits: None,
        aliases: &[],
        documentation: "How batches are kept: as the producer compressed them, or compressed in this way.",
        check: |text| CompressionType::parse(text).map(drop).ok_or(CompressionType::EXPECTED),
    },
    Definition {
        name: "delete.retention.ms",
        kind: ConfigKind::Long,
        default: "86400000",
        inherits: None,
        aliases: &[],
        documentation: "How long tombstones of compacted topics stay once compaction has met them.",
        check: is_lag,
    },
    Definition {
        name: "max.compaction.lag.ms",
        kind: ConfigKind::Long,
        default: "9223372036854775807",
        inherits: None,
        aliases: &[],
        documentation: "After so long a record is looked at by compaction, however little there is to do.",
        check: |text| {
            lag(text).filter(|lag| !lag.is_zero()).map(drop).ok_or("a number of milliseconds from 1 on")
        },
    },
    Definition {
        name: "max.message.bytes",
        kind: ConfigKind::Int,
        default: "1048588",
        inherits: Some("message.max.bytes"),
        aliases: &[],
        documentation: "The largest record batch that is taken, in bytes.",
        check: is_batch_size,
    },
    Definition {
        name: "message.timestamp.type",
        kind: ConfigKind::String,
        default: "CreateTime",
        inherits: None,
        aliases: &[],
        documentation: "Whether records have the time that their producer gave, or that of their commit.",
        check: |text| timestamps(text).map(drop).ok_or("CreateTime or LogAppendTime"),
    },
    Definition {
        name: "min.cleanable.dirty.ratio",
        kind: ConfigKind::Double,
        default: "0.5",
        inherits: None,
        aliases: &[],
        documentation: "What part of a log must have been written since it was compacted last.",
        check: |text| ratio(text).map(drop).ok_or("a number from 0 to 1"),
    },
    Definition {
        name: "min.compaction.lag.ms",
        kind: ConfigKind::Long,
        default: "0",
        inherits: None,
        aliases: &[],
        documentation: "For so long a record is not looked at by compaction.",
        check: is_lag,
    },
    Definition {
        name: "retention.bytes",
        kind: ConfigKind::Long,
        default: "-1",
        inherits: None,
        aliases: &[],
        documentation: "How many bytes of a partition are kept, -1 for all.",
        check: is_size,
    },
    Definition {
        name: "retention.ms",
        kind: ConfigKind::Long,
        default: "604800000",
        inherits: Some("log.retention.ms"),
        aliases: &[],
        documentation: "How long records are kept, -1 for ever.",
        check: is_duration,
    },
];

/// The configuration of a topic, with all defaults.
#[derive(Debug, Clone, PartialEq)]
pub struct TopicConfig {
    /// What is deleted: nothing where the topic is only compacted.
    pub retention: RetentionLimits,
    /// How it is compacted by key, if it is.
    pub compaction: Option<KeyedPolicy>,
    pub timestamps: TimestampType,
    /// Of a whole batch.
    pub max_message_bytes: usize,
    pub compression: CompressionType,
}

/// How batches are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CompressionType {
    /// As they came.
    Producer,
    As(Compression),
}

impl CompressionType {
    const EXPECTED: &'static str = "producer, uncompressed, gzip, snappy, lz4 or zstd";

    fn parse(text: &str) -> Option<Self> {
        let all =
            [Compression::None, Compression::Gzip, Compression::Snappy, Compression::Lz4, Compression::Zstd];
        match text {
            "producer" => Some(Self::Producer),
            _ => all.into_iter().find(|compression| compression.name() == text).map(Self::As),
        }
    }
}

/// What is done with old records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct CleanupPolicy {
    deletes: bool,
    compacts: bool,
}

impl CleanupPolicy {
    const DELETE: Self = Self { deletes: true, compacts: false };

    fn parse(text: &str) -> Option<Self> {
        let mut policy = Self { deletes: false, compacts: false };
        for item in text.split(',').map(str::trim) {
            match item {
                "delete" => policy.deletes = true,
                "compact" => policy.compacts = true,
                _ => return None,
            }
        }
        Some(policy)
    }
}

impl TopicConfig {
    /// What holds for a topic with these settings. They were checked when they were set; what can't be read
    /// nevertheless, because an older version had more, has its default.
    #[must_use]
    pub fn new(set: &Configs, cluster: &ClusterConfig) -> Self {
        let age = set.get("retention.ms").and_then(duration).unwrap_or(cluster.retention);
        let size = set.get("retention.bytes").and_then(number).and_then(|bytes| u64::try_from(bytes).ok());
        let max_message_bytes = set
            .get("max.message.bytes")
            .and_then(number)
            .and_then(|bytes| usize::try_from(bytes).ok())
            .unwrap_or(cluster.max_message_bytes);
        let compression = set.get("compression.type").and_then(CompressionType::parse);
        let policy =
            set.get("cleanup.policy").and_then(CleanupPolicy::parse).unwrap_or(CleanupPolicy::DELETE);
        let limits = RetentionLimits { age, size: size.map(ByteCount::new) };
        Self {
            retention: if policy.deletes { limits } else { RetentionLimits::default() },
            compaction: policy.compacts.then(|| keyed(set)),
            timestamps: set
                .get("message.timestamp.type")
                .and_then(timestamps)
                .unwrap_or(TimestampType::CreateTime),
            max_message_bytes,
            compression: compression.unwrap_or(CompressionType::Producer),
        }
    }
}

/// How a topic with these settings is compacted.
fn keyed(set: &Configs) -> KeyedPolicy {
    KeyedPolicy {
        min_dirty_ratio: set.get("min.cleanable.dirty.ratio").and_then(ratio).unwrap_or(0.5),
        min_lag: set.get("min.compaction.lag.ms").and_then(lag).unwrap_or(Duration::ZERO),
        max_lag: set.get("max.compaction.lag.ms").and_then(lag),
        delete_retention: set.get("delete.retention.ms").and_then(lag).unwrap_or(Duration::from_hours(24)),
    }
}

/// Milliseconds, without -1.
fn lag(text: &str) -> Option<Duration> {
    number(text).and_then(|millis| u64::try_from(millis).ok()).map(Duration::from_millis)
}

fn is_lag(text: &str) -> Result<(), &'static str> {
    lag(text).map(drop).ok_or("a number of milliseconds from 0 on")
}

fn ratio(text: &str) -> Option<f64> {
    text.trim().parse().ok().filter(|ratio| (0.0..=1.0).contains(ratio))
}

fn timestamps(text: &str) -> Option<TimestampType> {
    match text {
        "CreateTime" => Some(TimestampType::CreateTime),
        "LogAppendTime" => Some(TimestampType::LogAppendTime),
        _ => None,
    }
}

/// Seven days, as in Kafka.
pub(super) const DEFAULT_RETENTION: Duration = Duration::from_hours(7 * 24);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::configs::find;

    #[test]
    fn a_topic_has_the_defaults_of_its_cluster() {
        let cluster = ClusterConfig::new(
            &[("log.retention.ms", "5000"), ("message.max.bytes", "99")].into_iter().collect(),
        );
        let plain = TopicConfig::new(&Configs::default(), &cluster);
        assert_eq!(plain.retention.age, Some(Duration::from_secs(5)));
        assert_eq!(plain.max_message_bytes, 99);
        let set = [("retention.ms", "-1"), ("retention.bytes", "7"), ("compression.type", "zstd")];
        let set = TopicConfig::new(&set.into_iter().collect(), &cluster);
        assert_eq!(set.retention, RetentionLimits { age: None, size: Some(ByteCount::new(7)) });
        assert_eq!(set.compression, CompressionType::As(Compression::Zstd));
    }

    #[test]
    fn a_compacted_topic_deletes_only_what_it_is_told_to() {
        let cluster = ClusterConfig::new(&Configs::default());
        let config = |policy| TopicConfig::new(&[("cleanup.policy", policy)].into_iter().collect(), &cluster);
        assert_eq!(config("delete").compaction, None);
        assert!(config("delete").retention.age.is_some());
        let compacted = config("compact");
        assert_eq!(compacted.retention, RetentionLimits::default());
        let policy = compacted.compaction.unwrap();
        assert_eq!((policy.min_dirty_ratio, policy.max_lag), (0.5, None));
        assert_eq!(policy.delete_retention, Duration::from_hours(24));
        let both = config("compact, delete");
        assert!(both.compaction.is_some() && both.retention.age.is_some());
        let set =
            [("cleanup.policy", "compact"), ("min.compaction.lag.ms", "7"), ("max.compaction.lag.ms", "9")];
        let policy = TopicConfig::new(&set.into_iter().collect(), &cluster).compaction.unwrap();
        assert_eq!(
            (policy.min_lag, policy.max_lag),
            (Duration::from_millis(7), Some(Duration::from_millis(9)))
        );
    }

    #[test]
    fn defaults_are_allowed_and_nonsense_is_not() {
        for definition in TOPIC_CONFIGS {
            definition.check(definition.default).unwrap();
            assert!(definition.check("nonsense").is_err(), "{}", definition.name);
        }
        let refused = find(TOPIC_CONFIGS, "segment.ms").unwrap_err().to_string();
        assert!(refused.contains("\"segment.ms\"") && refused.contains("retention.ms"), "{refused}");
    }
}
