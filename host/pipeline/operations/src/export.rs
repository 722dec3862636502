use std::sync::Arc;

use forebay_lifecycle::clock;
use forebay_metrics::{DEFAULT_BUCKETS, DEFAULT_QUANTILES, Metrics, Recent, Snapshot, TextFormat, Timings};
use forebay_pipeline_config::{MetricsExporter, PrometheusConfig};
use tokio::sync::Mutex;

use crate::rename::{Names, Rename};
use crate::report::Before;
use crate::{json_api, process};

/// Shows metrics as the configuration wants them.
pub struct Exporter {
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) config: MetricsExporter,
    pub(crate) logged: Mutex<Before>,
    state: Mutex<State>,
}

struct State {
    recent: Recent,
    names: Names,
}

impl Exporter {
    /// Metrics, told under the names that `rename` gives them.
    #[must_use]
    pub fn new(metrics: Arc<Metrics>, config: MetricsExporter, rename: Option<Box<dyn Rename>>) -> Self {
        let state = State { recent: Recent::new(clock::now()), names: Names::new(rename) };
        Self { metrics, config, logged: Mutex::default(), state: Mutex::new(state) }
    }

    /// Whether whoever asks is shown metrics.
    #[must_use]
    pub fn is_served(&self) -> bool {
        matches!(self.config, MetricsExporter::Prometheus(_) | MetricsExporter::JsonApi)
    }

    /// All metrics as text, with what kind of text that is.
    pub async fn show(&self) -> (&'static str, String) {
        let snapshot = self.snapshot().await;
        match &self.config {
            MetricsExporter::Prometheus(config) => {
                let format = format_of(config);
                let mut text = snapshot.render(&format);
                if config.add_process_metrics {
                    text.push_str(&process::render());
                }
                (format.content_type(), text)
            }
            MetricsExporter::JsonApi | MetricsExporter::Logger(_) | MetricsExporter::None => {
                ("application/json", json_api::render(&snapshot))
            }
        }
    }

    /// All metrics under their new names.
    pub(crate) async fn snapshot(&self) -> Snapshot {
        let mut snapshot = self.metrics.snapshot();
        let mut state = self.state.lock().await;
        state.recent.fill(&mut snapshot, clock::now());
        state.names.apply(snapshot).await
    }

    /// The same; from now on, timings before it are no longer recent.
    pub(crate) async fn flush(&self) -> Snapshot {
        let mut snapshot = self.metrics.snapshot();
        let mut state = self.state.lock().await;
        let now = clock::now();
        state.recent.fill(&mut snapshot, now);
        state.recent.forget(&snapshot, now);
        state.names.apply(snapshot).await
    }
}

fn format_of(config: &PrometheusConfig) -> TextFormat {
    let or_usual = |given: Vec<f64>, usual: &[f64]| if given.is_empty() { usual.to_vec() } else { given };
    TextFormat::prometheus(if config.use_histogram_timing {
        Timings::Histogram(or_usual(config.histogram_buckets.clone(), &DEFAULT_BUCKETS))
    } else {
        let parts = config.summary_quantiles_objectives.iter().map(|objective| objective.quantile);
        Timings::Summary(or_usual(parts.collect(), &DEFAULT_QUANTILES))
    })
}

impl std::fmt::Debug for Exporter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Exporter").field("config", &self.config).finish_non_exhaustive()
    }
}
