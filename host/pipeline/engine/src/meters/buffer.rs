use std::time::Duration;

use forebay_metrics::{Counter, Metrics, Timing};
use forebay_pipeline_message::{Batch, Transaction};
use forebay_plugins_api::Setup;
use forebay_traces::Tracer;

use super::batches;
use super::series::Series;
use crate::spans::Traced;

/// What a buffer is measured by.
pub(crate) struct BufferMeter {
    received: Counter,
    batch_received: Counter,
    sent: Counter,
    batch_sent: Counter,
    latency: Timing,
    traced: Traced,
}

impl BufferMeter {
    pub(crate) fn of(metrics: &Metrics, tracer: &Tracer, setup: &Setup) -> Self {
        let (label, path) = (setup.label.as_deref(), setup.path.as_str());
        let series = Series::of(metrics, label, path);
        Self {
            received: series.counter("buffer_received", "Messages that a buffer was given"),
            batch_received: series.counter("buffer_batch_received", "Batches that a buffer was given"),
            sent: series.counter("buffer_sent", "Messages that a buffer has handed out"),
            batch_sent: series.counter("buffer_batch_sent", "Batches that a buffer has handed out"),
            latency: series.timing("buffer_latency_ns", "From handing a batch out to its settlement"),
            traced: Traced::of(tracer, setup.name.as_str(), label, path),
        }
    }

    /// A transaction that enters the buffer, in spans that end with it.
    pub(crate) fn traced(&self, transaction: Transaction) -> Transaction {
        match self.traced.open_beside(transaction.batch()) {
            Some((inside, spans)) => transaction.with_batch(inside).watched(move || spans.end(|_| None)),
            None => transaction,
        }
    }

    pub(crate) fn received(&self, batch: &Batch) {
        self.received.inc_by(batch.len() as u64);
        self.batch_received.inc_by(batches(batch));
    }

    pub(crate) fn sent(&self, batch: &Batch) {
        self.sent.inc_by(batch.len() as u64);
        self.batch_sent.inc_by(batches(batch));
    }

    /// Notes how long a batch that was handed out took to be settled.
    pub(crate) fn settled(&self, after: Duration) {
        self.latency.observe(after);
    }
}
