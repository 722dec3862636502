use std::collections::BTreeSet;
use std::time::Instant;

use forebay_metrics::{Counter, Metrics, Side, Timing};
use forebay_pipeline_message::{Batch, Failure};
use forebay_plugins_api::Setup;
use forebay_traces::Tracer;

use super::batches;
use super::connection::ConnectionMeter;
use super::series::Series;
use crate::spans::Traced;

/// What an output is measured by.
pub(crate) struct OutputMeter {
    connection: ConnectionMeter,
    sent: Counter,
    batch_sent: Counter,
    error: Counter,
    latency: Timing,
    traced: Traced,
}

impl OutputMeter {
    pub(crate) fn of(metrics: &Metrics, tracer: &Tracer, setup: &Setup) -> Self {
        let name = format!("output_{}", setup.name);
        let series = Series::of(&setup.metric_naming.of(metrics), setup.label.as_deref(), &setup.path);
        Self {
            connection: ConnectionMeter::of(metrics, setup, Side::Output),
            sent: series.counter("output_sent", "Messages that an output has delivered"),
            batch_sent: series.counter("output_batch_sent", "Batches that an output has delivered"),
            error: series.counter("output_error", "Batches that an output has failed to deliver"),
            latency: series.timing("output_latency_ns", "How long the delivery of a batch takes"),
            traced: Traced::of(tracer, &name, setup.label.as_deref(), &setup.path),
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
        let failure = |index: usize| failures.iter().find(|failure| is_of(failure, index));
        self.traced.over(batch, begun, |index| failure(index).map(|failure| failure.reason.as_str()));
    }

    /// Counts a batch whose delivery began at a moment, of which nothing was delivered.
    pub(crate) fn failed(&self, batch: &Batch, reason: &str, begun: Instant) {
        self.error.inc_by(batches(batch));
        self.traced.over(batch, begun, |_| Some(reason));
    }
}

fn is_of(failure: &Failure, index: usize) -> bool {
    failure.messages.as_ref().is_none_or(|messages| messages.iter().any(|failed| *failed as usize == index))
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
