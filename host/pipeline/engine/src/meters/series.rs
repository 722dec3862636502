use forebay_metrics::{Counter, Gauge, MetricError, Metrics, Timing};

use super::path::path_of_metrics;

/// Looks up the series of one component.
pub(super) struct Series {
    metrics: Metrics,
    label: String,
    path: String,
}

impl Series {
    /// `path` is where the component stands in its configuration.
    pub(super) fn of(metrics: &Metrics, label: Option<&str>, path: &str) -> Self {
        let label = label.unwrap_or_default().to_owned();
        Self { metrics: metrics.clone(), label, path: path_of_metrics(path) }
    }

    pub(super) fn counter(&self, name: &str, help: &str) -> Counter {
        self.counter_with(name, help, None)
    }

    pub(super) fn gauge(&self, name: &str, help: &str) -> Gauge {
        self.or_unseen(self.metrics.gauge(name, help, &self.labels(None)))
    }

    pub(super) fn timing(&self, name: &str, help: &str) -> Timing {
        self.timing_with(name, help, None)
    }

    /// The same with a label more.
    pub(super) fn counter_with(&self, name: &str, help: &str, own: Option<(&str, &str)>) -> Counter {
        self.or_unseen(self.metrics.counter(name, help, &self.labels(own)))
    }

    /// The same with a label more.
    pub(super) fn timing_with(&self, name: &str, help: &str, own: Option<(&str, &str)>) -> Timing {
        self.or_unseen(self.metrics.timing(name, help, &self.labels(own)))
    }

    fn labels<'s>(&'s self, own: Option<(&'s str, &'s str)>) -> Vec<(&'s str, &'s str)> {
        let mut labels = vec![("label", self.label.as_str()), ("path", self.path.as_str())];
        labels.extend(own);
        labels
    }

    /// A component that there is no room for in the metrics works all the same.
    fn or_unseen<T: Default>(&self, series: Result<T, MetricError>) -> T {
        series.unwrap_or_else(|error| {
            tracing::warn!(path = self.path, %error, "a component is not measured");
            T::default()
        })
    }
}
