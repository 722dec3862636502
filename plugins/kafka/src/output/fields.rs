//! What the output can be told.

use std::time::Duration;

use forebay_sdk::config::{BatchPolicy, Interpolated};
use forebay_sdk::kafka::{Acks, Compression, Partitioner, ProducerSettings};
use forebay_sdk::{Config, Problem};

use crate::cluster::ClusterFields;
use crate::size::Size;

/// Writes messages to topics of a Kafka cluster.
///
/// A record has the payload of its message as its value, the `key` if there is one, and of the metadata what `metadata`
/// chooses as headers. What a topic refuses is rejected message by message, and so is what can't be evaluated.
#[derive(Config)]
pub(crate) struct KafkaFranzOutputConfig {
    #[config(flatten)]
    pub(super) cluster: ClusterFields,
    /// Where messages go.
    #[config(example = "orders", example = "${! @kafka_topic }_copy")]
    pub(super) topic: Interpolated,
    /// The key of each record. Without one, and where it is `null`, there is none.
    #[config(example = "${! @kafka_key }", example = "${! this.id }")]
    pub(super) key: Option<Interpolated>,
    /// How records get their partitions. Where it is not given, and with `murmur2_hash`, those with a key by its hash, as
    /// in Java, and others batch by batch. With `manual` it is what `partition` says.
    #[config(advanced, options("murmur2_hash", "round_robin", "least_backup", "manual", "uniform_bytes"))]
    partitioner: Option<String>,
    /// Of the partitioner `uniform_bytes`.
    #[config(default = {}, advanced)]
    uniform_bytes_options: UniformBytesFields,
    /// The partition of each record. Needs the partitioner `manual`.
    #[config(advanced, example = "${! metadata(\"partition\") }")]
    pub(super) partition: Option<Interpolated>,
    /// Whether what is sent again is written once all the same.
    #[config(default = true, advanced)]
    idempotent_write: bool,
    /// Which metadata becomes headers. Without prefixes and patterns none does.
    #[config(default = {})]
    metadata: MetadataFields,
    /// How many batches may be under way at once. With more than one they may overtake each other.
    #[config(default = 10)]
    max_in_flight: u64,
    /// How long a broker may take for a batch of records.
    #[config(default = "10s", advanced)]
    timeout: Duration,
    /// How messages are collected to batches first.
    #[config(default = {})]
    #[expect(dead_code, reason = "the host collects them")]
    batching: BatchPolicy,
    /// The most bytes of a batch of records. A message that is larger is rejected.
    #[config(default = "1MB", advanced, example = "100MB", example = "50mib")]
    max_message_bytes: Size,
    /// The most bytes of a request. At least `max_message_bytes`.
    #[config(default = "100MiB", advanced, example = "128MB", example = "50mib")]
    broker_write_max_bytes: Size,
    /// How many records may wait to be sent.
    #[config(default = 10000, advanced)]
    max_buffered_records: u32,
    /// How batches of records are compressed. Where it is not given: `snappy`, if the brokers know it.
    #[config(advanced, options("lz4", "snappy", "gzip", "none", "zstd"))]
    compression: Option<String>,
    /// The time of each record in seconds since 1970. Without one it is the time of its sending.
    #[config(advanced, example = "${! timestamp_unix() }", example = "${! @kafka_timestamp_unix }")]
    pub(super) timestamp: Option<Interpolated>,
    /// The same in milliseconds. Only one of both.
    #[config(advanced, example = "${! @kafka_timestamp_unix_ms }")]
    pub(super) timestamp_ms: Option<Interpolated>,
    /// Where it is `true`, the record has no value (a tombstone), whatever its message has as payload. A message without
    /// a payload otherwise is an empty value.
    #[config(advanced, example = "${! @kafka_tombstone_message.or(false) }")]
    pub(super) tombstone: Option<Interpolated>,
    /// Whether records stay strictly in the order of messages: one request at a time for each partition, and what fails
    /// has everything behind it in its batch and partition fail as well. Needs `max_in_flight: 1`.
    #[config(default = false, advanced)]
    strict_order: bool,
}

#[derive(Config)]
struct UniformBytesFields {
    /// After how many bytes another partition is chosen.
    #[config(default = "1MB")]
    bytes: Size,
    /// Whether brokers that are slow get less.
    #[config(default = false)]
    adaptive: bool,
    /// Whether records with a key go by its hash.
    #[config(default = false)]
    keys: bool,
}

#[derive(Config)]
struct MetadataFields {
    /// Keys that begin with one of these.
    #[config(default = [], example = ["foo_", "bar_"])]
    include_prefixes: Vec<String>,
    /// Keys in which one of these regular expressions is found.
    #[config(default = [], example = [".*"], example = ["_timestamp_unix$"])]
    include_patterns: Vec<String>,
}

impl KafkaFranzOutputConfig {
    /// What the producer is told.
    ///
    /// # Errors
    /// Which fields do not go together.
    pub(super) fn producer(&self) -> Result<ProducerSettings, Problem> {
        let refuse = |field: &str, reason: &str| Err(Problem::new(reason).at(field));
        let partitioner = self.partitioner();
        if self.partition.is_some() && partitioner != Partitioner::Manual {
            return refuse("/partition", "it counts only with the partitioner manual");
        }
        if self.partition.is_none() && partitioner == Partitioner::Manual {
            return refuse("/partitioner", "manual needs the field partition");
        }
        if self.timestamp.is_some() && self.timestamp_ms.is_some() {
            return refuse("/timestamp_ms", "there is a timestamp already");
        }
        if self.strict_order && self.max_in_flight != 1 {
            return refuse("/max_in_flight", "with strict_order it has to be 1");
        }
        if self.broker_write_max_bytes.0 < self.max_message_bytes.0 {
            return refuse("/broker_write_max_bytes", "it can't be less than max_message_bytes");
        }
        let MetadataFields { include_prefixes, include_patterns } = &self.metadata;
        Ok(ProducerSettings {
            partitioner,
            idempotent: self.idempotent_write,
            acks: Acks::All,
            compression: compression(self.compression.as_deref()),
            include_prefixes: include_prefixes.clone(),
            include_patterns: include_patterns.clone(),
            max_message_bytes: Some(self.max_message_bytes.0),
            broker_write_max_bytes: Some(self.broker_write_max_bytes.0),
            max_buffered_records: Some(self.max_buffered_records.max(1)),
            timeout: Some(self.timeout),
            strict_order: self.strict_order,
            creates_topics: true,
            ..ProducerSettings::default()
        })
    }

    fn partitioner(&self) -> Partitioner {
        match self.partitioner.as_deref() {
            Some("round_robin") => Partitioner::RoundRobin,
            Some("least_backup") => Partitioner::LeastBackup,
            Some("manual") => Partitioner::Manual,
            Some("uniform_bytes") => {
                let UniformBytesFields { bytes: Size(bytes), adaptive, keys } = self.uniform_bytes_options;
                Partitioner::UniformBytes { bytes, adaptive, keys }
            }
            Some(_) => Partitioner::Murmur2Hash,
            None => Partitioner::StickyKey,
        }
    }
}

fn compression(name: Option<&str>) -> Vec<Compression> {
    match name {
        None => Vec::new(),
        Some("lz4") => vec![Compression::Lz4],
        Some("snappy") => vec![Compression::Snappy],
        Some("gzip") => vec![Compression::Gzip],
        Some("zstd") => vec![Compression::Zstd],
        Some(_) => vec![Compression::None],
    }
}

#[cfg(test)]
mod tests {
    use forebay_sdk::testing;
    use serde_json::{Value, json};

    use super::*;

    fn producer(fields: &Value) -> Result<ProducerSettings, String> {
        let mut all = json!({"seed_brokers": ["a:1"], "topic": "t"});
        let fields = fields.as_object().unwrap().clone();
        all.as_object_mut().unwrap().extend(fields);
        let config: KafkaFranzOutputConfig = testing::config(&all).unwrap();
        config.producer().map_err(|problem| problem.to_string())
    }

    #[test]
    fn without_more_said_it_is_as_bento_does_it() {
        let expected = ProducerSettings {
            partitioner: Partitioner::StickyKey,
            idempotent: true,
            acks: Acks::All,
            max_message_bytes: Some(1_000_000),
            broker_write_max_bytes: Some(100 << 20),
            max_buffered_records: Some(10_000),
            timeout: Some(Duration::from_secs(10)),
            creates_topics: true,
            ..ProducerSettings::default()
        };
        assert_eq!(producer(&json!({})).unwrap(), expected);
    }

    #[test]
    fn partitioners_and_compressions_have_names() {
        let of = |name: &str| {
            let fields = json!({"partitioner": name, "uniform_bytes_options": {"keys": true}});
            producer(&fields).unwrap().partitioner
        };
        assert_eq!(of("murmur2_hash"), Partitioner::Murmur2Hash);
        assert_eq!(of("round_robin"), Partitioner::RoundRobin);
        assert_eq!(of("least_backup"), Partitioner::LeastBackup);
        let uniform = Partitioner::UniformBytes { bytes: 1_000_000, adaptive: false, keys: true };
        assert_eq!(of("uniform_bytes"), uniform);
        let manual = producer(&json!({"partitioner": "manual", "partition": "3"})).unwrap();
        assert_eq!(manual.partitioner, Partitioner::Manual);
        for name in ["lz4", "snappy", "gzip", "none", "zstd"] {
            let compression = producer(&json!({"compression": name})).unwrap().compression;
            assert_eq!(format!("{compression:?}").to_lowercase(), format!("[compression::{name}]"), "{name}");
        }
    }

    #[test]
    fn what_does_not_go_together_is_refused() {
        for (fields, field) in [
            (json!({"partition": "3"}), "/partition: "),
            (json!({"partitioner": "manual"}), "/partitioner: "),
            (json!({"timestamp": "1", "timestamp_ms": "1000"}), "/timestamp_ms: "),
            (json!({"strict_order": true}), "/max_in_flight: "),
            (json!({"max_message_bytes": "200MB"}), "/broker_write_max_bytes: "),
        ] {
            let refusal = producer(&fields).unwrap_err();
            assert!(refusal.starts_with(field), "{fields}: {refusal}");
        }
        assert!(producer(&json!({"strict_order": true, "max_in_flight": 1})).unwrap().strict_order);
    }
}
