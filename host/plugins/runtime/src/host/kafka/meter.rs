//! What a plugin does with Kafka, counted.

use forebay_metrics::Counter;

use crate::bindings::forebay::kafka::kafka::FailureKind;
use crate::scope::Scope;

/// What a consumer has given.
#[derive(Debug, Clone)]
pub(super) struct ReadMeter {
    records: Counter,
    bytes: Counter,
}

/// What a producer has sent.
#[derive(Debug, Clone)]
pub(super) struct SendMeter {
    delivered: Counter,
    failed: Counter,
    bytes: Counter,
}

impl ReadMeter {
    pub(super) fn of(scope: &Scope) -> Self {
        Self {
            records: counter(scope, "plugin_kafka_records_in", "Records that came for the plugin", &[]),
            bytes: counter(scope, "plugin_kafka_bytes_in", "Bytes of batches that came, compressed", &[]),
        }
    }

    pub(super) fn fetched(&self, bytes: usize) {
        self.bytes.inc_by(bytes as u64);
    }

    pub(super) fn given(&self, records: usize) {
        self.records.inc_by(records as u64);
    }
}

impl SendMeter {
    pub(super) fn of(scope: &Scope) -> Self {
        let records = |outcome| {
            let help = "Records that the plugin sent, by their outcome";
            counter(scope, "plugin_kafka_records_out", help, &[("outcome", outcome)])
        };
        let help = "Bytes of keys, values and headers that the plugin sent";
        Self {
            delivered: records("delivered"),
            failed: records("failed"),
            bytes: counter(scope, "plugin_kafka_bytes_out", help, &[]),
        }
    }

    pub(super) fn sent(&self, bytes: usize) {
        self.bytes.inc_by(bytes as u64);
    }

    pub(super) fn ended(&self, delivered: usize, failed: usize) {
        self.delivered.inc_by(delivered as u64);
        self.failed.inc_by(failed as u64);
    }
}

/// Counts what was not granted, and what went wrong with clusters.
pub(super) fn failed(scope: &Scope, kind: &'static str) {
    let help = "Calls of Kafka clusters that failed, by what went wrong";
    counter(scope, "plugin_kafka_failures", help, &[("kind", kind)]).inc();
}

/// As it stands in the labels of metrics.
pub(super) fn label(kind: FailureKind) -> &'static str {
    match kind {
        FailureKind::Disconnected => "disconnected",
        FailureKind::Retriable => "retriable",
        FailureKind::UnknownTopic => "unknown_topic",
        FailureKind::Unauthorized => "unauthorized",
        FailureKind::OutOfRange => "out_of_range",
        FailureKind::TooLarge => "too_large",
        FailureKind::Fenced => "fenced",
        FailureKind::Invalid => "invalid",
        FailureKind::Other => "other",
    }
}

fn counter(scope: &Scope, name: &str, help: &str, more: &[(&str, &str)]) -> Counter {
    let labels: Vec<_> =
        [("plugin", scope.plugin.as_str())].into_iter().chain(more.iter().copied()).collect();
    // A plugin that took the name for something else, or too many names, must not end its work.
    scope.metrics.counter(name, help, &labels).unwrap_or_default()
}
