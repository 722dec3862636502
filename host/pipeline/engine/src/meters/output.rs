use std::collections::BTreeSet;
use std::time::Instant;

use forebay_metrics::{Counter, Metrics, Side, Timing};
use forebay_pipeline_message::{Batch, Failure};
use forebay_plugins_api::Setup;

use super::batches;
use super::connection::ConnectionMeter;
use super::series::Series;

/// What an output is measured by.
pub(crate) struct OutputMeter {
    connection: ConnectionMeter,
    sent: Counter,
    batch_sent: Counter,
    error: Counter,
    latency: Timing,
}

impl OutputMeter {
    pub(crate) fn of(metrics: &Metrics, setup: &Setup) -> Self {
        let series = Series::of(metrics, setup.label.as_deref(), &setup.path);
        Self {
            connection: ConnectionMeter::of(metrics, setup, Side::Output),
            sent: series.counter("output_sent", "Messages that an output has delivered"),
            batch_sent: series.counter("output_batch_sent", "Batches that an output has delivered"),
            error: series.counter("output_error", "Batches that an output has failed to deliver"),
            latency: series.timing("output_latency_ns", "How long the delivery of a batch takes"),
        }
    }

    pub(crate) fn connection(&self) -> &ConnectionMeter {
        &self.connection
    }

    /// Counts a batch whose delivery began at a moment and has come to its end.
    pub(crate) fn delivered(&self, batch: &Batch, failures: &[Failure], begun: Instant) {
        let failed = match failures {
            [] => 0,
            _ if batch.independent() => refused(batch, failures),
            _ => batch.len() as u64,
        };
        let sent = batch.len() as u64 - failed;
        if failed > 0 {
            self.error.inc_by(if batch.independent() { failed } else { 1 });
        }
        if sent > 0 {
            let delivered = if failed == 0 { batches(batch) } else { sent };
            self.sent.inc_by(sent);
            self.batch_sent.inc_by(delivered);
            self.latency.observe_times(begun.elapsed(), delivered);
        }
    }

    /// Counts a batch that was not delivered at all.
    pub(crate) fn failed(&self, batch: &Batch) {
        self.error.inc_by(batches(batch));
    }
}

/// How many messages of a batch these failures are of.
fn refused(batch: &Batch, failures: &[Failure]) -> u64 {
    let mut refused: BTreeSet<&u32> = BTreeSet::new();
    for failure in failures {
        match &failure.messages {
            None => return batch.len() as u64,
            Some(messages) => {
                refused.extend(messages.iter().filter(|index| (**index as usize) < batch.len()));
            }
        }
    }
    refused.len() as u64
}
