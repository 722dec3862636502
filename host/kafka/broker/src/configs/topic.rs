use std::time::Duration;

use forebay_kafka_wire::Compression;
use forebay_model::ByteCount;
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
        documentation: "What is done with old records: delete them. Compaction is not supported yet.",
        check: |text| if text == "delete" { Ok(()) } else { Err("delete; compaction is not supported yet") },
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
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TopicConfig {
    pub retention: RetentionLimits,
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
        Self {
            retention: RetentionLimits { age, size: size.map(ByteCount::new) },
            timestamps: set
                .get("message.timestamp.type")
                .and_then(timestamps)
                .unwrap_or(TimestampType::CreateTime),
            max_message_bytes,
            compression: compression.unwrap_or(CompressionType::Producer),
        }
    }
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
    fn defaults_are_allowed_and_nonsense_is_not() {
        for definition in TOPIC_CONFIGS {
            definition.check(definition.default).unwrap();
            assert!(definition.check("nonsense").is_err(), "{}", definition.name);
        }
        let refused = find(TOPIC_CONFIGS, "segment.ms").unwrap_err().to_string();
        assert!(refused.contains("\"segment.ms\"") && refused.contains("retention.ms"), "{refused}");
    }
}
