use forebay_metrics::{Connection, Counter, Metrics, Side};
use forebay_plugins_api::Setup;

use super::series::Series;

/// The connection of an input or an output: its state, and how often that has changed.
pub(crate) struct ConnectionMeter {
    connection: Connection,
    up: Counter,
    failed: Counter,
    lost: Counter,
}

impl ConnectionMeter {
    pub(super) fn of(metrics: &Metrics, setup: &Setup, side: Side) -> Self {
        let series = Series::of(&setup.metric_naming.of(metrics), setup.label.as_deref(), &setup.path);
        let end = if side == Side::Input { "input" } else { "output" };
        let counter = |what: &str, help: &str| series.counter(&format!("{end}_connection_{what}"), help);
        Self {
            connection: metrics.connections().open(setup.pipeline.as_str(), side, &setup.path),
            up: counter("up", "Connections that were made"),
            failed: counter("failed", "Connections that could not be made"),
            lost: counter("lost", "Connections that were lost"),
        }
    }

    pub(crate) fn up(&self) {
        self.up.inc();
        self.connection.set(true);
    }

    pub(crate) fn failed(&self) {
        self.failed.inc();
        self.connection.set(false);
    }

    pub(crate) fn lost(&self) {
        self.lost.inc();
        self.connection.set(false);
    }
}
