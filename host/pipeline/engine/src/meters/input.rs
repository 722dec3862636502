use std::sync::Arc;
use std::time::Instant;

use forebay_lifecycle::clock;
use forebay_metrics::{Counter, Gauge, Metrics, Side, Timing};
use forebay_pipeline_message::Batch;
use forebay_plugins_api::Setup;

use super::batches;
use super::connection::ConnectionMeter;
use super::series::Series;

/// What an input is measured by. What is sent again counts as received again, as in Bento.
#[derive(Clone)]
pub(crate) struct InputMeter(Arc<Inner>);

struct Inner {
    connection: ConnectionMeter,
    received: Counter,
    /// Not one of Bento's.
    in_flight: Gauge,
    latency: Timing,
}

/// A batch on its way, until it is settled.
pub(crate) struct Received {
    meter: InputMeter,
    begun: Instant,
    messages: usize,
    batches: u64,
}

impl InputMeter {
    pub(crate) fn of(metrics: &Metrics, setup: &Setup) -> Self {
        let series = Series::of(metrics, setup.label.as_deref(), &setup.path);
        Self(Arc::new(Inner {
            connection: ConnectionMeter::of(metrics, setup, Side::Input),
            received: series.counter("input_received", "Messages that an input has handed out"),
            in_flight: series.gauge("input_in_flight", "Messages that are handed out and not settled"),
            latency: series.timing("input_latency_ns", "From handing a batch out to its settlement"),
        }))
    }

    pub(crate) fn connection(&self) -> &ConnectionMeter {
        &self.0.connection
    }

    pub(crate) fn received(&self, batch: &Batch) -> Received {
        let messages = batch.len();
        self.0.received.inc_by(messages as u64);
        self.0.in_flight.inc_by(count(messages));
        Received { meter: self.clone(), begun: clock::now(), messages, batches: batches(batch) }
    }
}

impl Received {
    pub(crate) fn settled(self) {
        let Self { meter, begun, messages, batches } = self;
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
