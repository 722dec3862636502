use std::sync::Arc;
use std::time::Instant;

use forebay_lifecycle::clock;
use forebay_metrics::{Counter, Gauge, Metrics, Side, Timing};
use forebay_pipeline_message::Batch;
use forebay_plugins_api::Setup;
use forebay_traces::Tracer;

use super::batches;
use super::connection::ConnectionMeter;
use super::series::Series;
use crate::spans::{OpenSpans, Traced};

/// What an input is measured by. What is sent again counts as received again, as in Bento.
#[derive(Clone)]
pub(crate) struct InputMeter(Arc<Inner>);

struct Inner {
    connection: ConnectionMeter,
    received: Counter,
    /// Not one of Bento's.
    in_flight: Gauge,
    latency: Timing,
    traced: Traced,
}

/// A batch on its way, until it is settled.
pub(crate) struct Received {
    meter: InputMeter,
    begun: Instant,
    messages: usize,
    batches: u64,
    spans: Option<OpenSpans>,
}

impl InputMeter {
    pub(crate) fn of(metrics: &Metrics, tracer: &Tracer, setup: &Setup) -> Self {
        let name = format!("input_{}", setup.name);
        let series = Series::of(&setup.metric_naming.of(metrics), setup.label.as_deref(), &setup.path);
        Self(Arc::new(Inner {
            connection: ConnectionMeter::of(metrics, setup, Side::Input),
            received: series.counter("input_received", "Messages that an input has handed out"),
            in_flight: series.gauge("input_in_flight", "Messages that are handed out and not settled"),
            latency: series.timing("input_latency_ns", "From handing a batch out to its settlement"),
            traced: Traced::of(tracer, &name, setup.label.as_deref(), &setup.path),
        }))
    }

    pub(crate) fn connection(&self) -> &ConnectionMeter {
        &self.0.connection
    }

    /// Counts a batch, which is then as it is to go on.
    pub(crate) fn received(&self, batch: Batch) -> (Batch, Received) {
        let (messages, count_of_batches) = (batch.len(), batches(&batch));
        self.0.received.inc_by(messages as u64);
        self.0.in_flight.inc_by(count(messages));
        let (batch, spans) = match self.0.traced.open(&batch) {
            Some((inside, spans)) => (inside, Some(spans)),
            None => (batch, None),
        };
        let (meter, begun) = (self.clone(), clock::now());
        (batch, Received { meter, begun, messages, batches: count_of_batches, spans })
    }
}

impl Received {
    pub(crate) fn settled(self) {
        let Self { meter, begun, messages, batches, spans } = self;
        if let Some(spans) = spans {
            spans.end(|_| None);
        }
        meter.0.in_flight.dec_by(count(messages));
        meter.0.latency.observe_times(begun.elapsed(), batches);
    }
}

#[expect(clippy::cast_precision_loss, reason = "far fewer messages are in flight")]
fn count(messages: usize) -> f64 {
    messages as f64
}

impl std::fmt::Debug for InputMeter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("InputMeter").finish_non_exhaustive()
    }
}
