use std::ops::RangeInclusive;
use std::time::Duration;

use forebay_kafka_groups::GroupSettings;
use forebay_model::PartitionCount;
use forebay_storage_metadata::Configs;

use super::definition::{
    Alias, ConfigKind, Definition, boolean, duration, is_batch_size, is_boolean, is_duration, minutes, number,
};
use super::topic::DEFAULT_RETENTION;

/// What can be set for a virtual cluster.
pub static CLUSTER_CONFIGS: &[Definition] = &[
    Definition {
        name: "auto.create.topics.enable",
        kind: ConfigKind::Boolean,
        default: "true",
        inherits: None,
        aliases: &[],
        documentation: "Whether a topic is made when a client asks about it that may.",
        check: is_boolean,
    },
    Definition {
        name: "delete.topic.enable",
        kind: ConfigKind::Boolean,
        default: "true",
        inherits: None,
        aliases: &[],
        documentation: "Whether topics may be deleted.",
        check: is_boolean,
    },
    Definition {
        name: "group.consumer.heartbeat.interval.ms",
        kind: ConfigKind::Int,
        default: "5000",
        inherits: None,
        aliases: &[],
        documentation: "How often members of groups by the consumer protocol (KIP-848) are told to give a sign; at least three \
                        times in a session, whatever this says.",
        check: |text| {
            millis(text, &HEARTBEAT_INTERVALS).map(drop).ok_or("a number of milliseconds from 100 to 600000")
        },
    },
    Definition {
        name: "group.consumer.session.timeout.ms",
        kind: ConfigKind::Int,
        default: "45000",
        inherits: None,
        aliases: &[],
        documentation: "How long members of groups by the consumer protocol (KIP-848) may be silent before their partitions \
                        go to others. Members that were told longer intervals between signs of life than this are out \
                        when it is lowered.",
        check: |text| {
            millis(text, &SESSION_TIMEOUTS).map(drop).ok_or("a number of milliseconds from 6000 to 1800000")
        },
    },
    Definition {
        name: "log.retention.ms",
        kind: ConfigKind::Long,
        default: "604800000",
        inherits: None,
        aliases: &[
            Alias { name: "log.retention.minutes", unit: 60_000 },
            Alias { name: "log.retention.hours", unit: 3_600_000 },
        ],
        documentation: "How long records of topics without retention.ms are kept, -1 for ever.",
        check: is_duration,
    },
    Definition {
        name: "message.max.bytes",
        kind: ConfigKind::Int,
        default: "1048588",
        inherits: None,
        aliases: &[],
        documentation: "The largest record batch of topics without max.message.bytes, in bytes.",
        check: is_batch_size,
    },
    Definition {
        name: "num.partitions",
        kind: ConfigKind::Int,
        default: "1",
        inherits: None,
        aliases: &[],
        documentation: "How many partitions a topic gets that says no number.",
        check: |text| partitions(text).map(drop).ok_or("a number from 1 to 100000"),
    },
    Definition {
        name: "offsets.retention.minutes",
        kind: ConfigKind::Int,
        default: "10080",
        inherits: None,
        aliases: &[],
        documentation: "How long the offsets of a consumer group without members are kept, in minutes.",
        check: |text| minutes(text).map(drop).ok_or("a number of minutes from 1 to 2147483647"),
    },
    Definition {
        name: "warpstream.default.topic.type",
        kind: ConfigKind::String,
        default: "classic",
        inherits: None,
        aliases: &[],
        documentation: "What topics are. Only classic ones are supported yet.",
        check: |text| is_only(text, "classic", "classic; other topics are not supported yet"),
    },
    Definition {
        name: "warpstream.soft.delete.topic.enable",
        kind: ConfigKind::Boolean,
        default: "false",
        inherits: None,
        aliases: &[],
        documentation: "Whether deleted topics can be had back. They can't yet.",
        check: |text| is_only(text, "false", "false; a deleted topic can't be had back yet"),
    },
];

/// More partitions than this in one topic are a mistake.
pub(crate) const MOST_PARTITIONS: i32 = 100_000;

/// Milliseconds that a session of the consumer protocol may have, as in the classic one. A shorter session holds at once
/// for members that were told the usual interval, of 5 s, before: they must not be out for keeping to it.
const SESSION_TIMEOUTS: RangeInclusive<u64> = 6_000..=1_800_000;
/// And from one sign of life to the next.
const HEARTBEAT_INTERVALS: RangeInclusive<u64> = 100..=600_000;
/// One sign may be lost, and one late.
const SIGNS_IN_A_SESSION: u32 = 3;

/// The configuration of a virtual cluster, with all defaults.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClusterConfig {
    pub auto_create_topics: bool,
    pub delete_topics: bool,
    /// How long records are kept; none is for ever.
    pub retention: Option<Duration>,
    pub max_message_bytes: usize,
    pub partitions: PartitionCount,
    /// How long offsets of a consumer group without members are kept.
    pub offsets_retention: Duration,
    /// How long a member of the KIP-848 protocol may be silent, where that is set.
    pub consumer_session_timeout: Option<Duration>,
    /// How often members of the KIP-848 protocol are told to give a sign, where that is set.
    pub consumer_heartbeat_interval: Option<Duration>,
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
            offsets_retention: set
                .get("offsets.retention.minutes")
                .and_then(minutes)
                .unwrap_or(Duration::from_hours(7 * 24)),
            consumer_session_timeout: set
                .get("group.consumer.session.timeout.ms")
                .and_then(|text| millis(text, &SESSION_TIMEOUTS)),
            consumer_heartbeat_interval: set
                .get("group.consumer.heartbeat.interval.ms")
                .and_then(|text| millis(text, &HEARTBEAT_INTERVALS)),
        }
    }

    /// What holds for groups: what is set here goes before what an agent was told at its start.
    #[must_use]
    pub fn groups(&self, told: &GroupSettings) -> GroupSettings {
        let session = self.consumer_session_timeout.unwrap_or(told.consumer_session_timeout);
        let interval = self.consumer_heartbeat_interval.unwrap_or(told.consumer_heartbeat_interval);
        GroupSettings {
            consumer_session_timeout: session,
            consumer_heartbeat_interval: interval.min(session / SIGNS_IN_A_SESSION),
            ..told.clone()
        }
    }
}

fn is_only(text: &str, allowed: &str, expected: &'static str) -> Result<(), &'static str> {
    if text.trim() == allowed { Ok(()) } else { Err(expected) }
}

fn millis(text: &str, allowed: &RangeInclusive<u64>) -> Option<Duration> {
    let millis = number(text).and_then(|millis| u64::try_from(millis).ok())?;
    allowed.contains(&millis).then(|| Duration::from_millis(millis))
}

fn partitions(text: &str) -> Option<PartitionCount> {
    let count = number(text).and_then(|count| i32::try_from(count).ok())?;
    PartitionCount::new(count).ok().filter(|_| count <= MOST_PARTITIONS)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::configs::find;

    #[test]
    fn defaults_are_what_is_told_of_them() {
        let told = CLUSTER_CONFIGS.iter().map(|definition| (definition.name, definition.default)).collect();
        let told = ClusterConfig::new(&told);
        assert_eq!(told.groups(&GroupSettings::default()), GroupSettings::default());
        // Of these agents have been told already.
        let unset =
            ClusterConfig { consumer_session_timeout: None, consumer_heartbeat_interval: None, ..told };
        assert_eq!(unset, ClusterConfig::new(&Configs::default()));
        assert_eq!(unset.groups(&GroupSettings::default()), GroupSettings::default());
        for definition in CLUSTER_CONFIGS {
            definition.check(definition.default).unwrap();
            assert!(definition.check("nonsense").is_err(), "{}", definition.name);
        }
    }

    #[test]
    fn members_give_three_signs_in_a_session_at_least() {
        let groups = |set: &[(&'static str, &'static str)]| {
            let config = ClusterConfig::new(&set.iter().copied().collect());
            let settings = config.groups(&GroupSettings::default());
            [settings.consumer_session_timeout, settings.consumer_heartbeat_interval]
                .map(|time| time.as_millis())
        };
        let (session, interval) =
            ("group.consumer.session.timeout.ms", "group.consumer.heartbeat.interval.ms");
        assert_eq!(groups(&[(session, "30000")]), [30_000, 5_000]);
        assert_eq!(groups(&[(session, "6000")]), [6_000, 2_000]);
        assert_eq!(groups(&[(interval, "1000")]), [45_000, 1_000]);
        assert_eq!(groups(&[(session, "9000"), (interval, "600000")]), [9_000, 3_000]);
        for (name, value) in [(session, "5999"), (session, "1800001"), (interval, "99"), (interval, "-1")] {
            assert!(find(CLUSTER_CONFIGS, name).unwrap().check(value).is_err(), "{name} {value}");
        }
    }

    #[test]
    fn a_retention_can_be_given_in_minutes_and_hours() {
        let set = |name, value| {
            let definition = find(CLUSTER_CONFIGS, name).unwrap();
            definition.value(name, value).map(|value| (definition.name, value))
        };
        assert_eq!(set("log.retention.ms", "5").unwrap(), ("log.retention.ms", "5".to_owned()));
        assert_eq!(set("log.retention.minutes", "5").unwrap(), ("log.retention.ms", "300000".to_owned()));
        assert_eq!(set("log.retention.hours", "2").unwrap(), ("log.retention.ms", "7200000".to_owned()));
        assert_eq!(set("log.retention.hours", "-1").unwrap(), ("log.retention.ms", "-1".to_owned()));
        for value in ["-2", "long", "9223372036854775807"] {
            let refused = set("log.retention.hours", value).unwrap_err().to_string();
            assert!(refused.starts_with("log.retention.hours can't be"), "{refused}");
        }
        assert!(find(CLUSTER_CONFIGS, "log.retention.days").is_err());
    }
}
