//! Metrics that nobody has to ask for: in the log, at a Push Gateway, in a file.

use std::collections::HashMap;

use forebay_metrics::{DEFAULT_QUANTILES, Labels, Snapshot, Value};
use forebay_pipeline_config::{LoggerMetricsConfig, MetricsExporter, PrometheusConfig};
use serde_json::{Map, Value as Json, json};

use crate::export::Exporter;
use crate::json_api::whole;
use crate::push;

/// What was counted when counters were logged last; nothing, where they are not to start from zero.
pub(crate) type Before = HashMap<(String, Labels), u64>;

impl Exporter {
    /// Logs or pushes metrics as often as the configuration says, until it is dropped. Ends at once where it says
    /// nothing.
    pub async fn report(&self) {
        let (MetricsExporter::Logger(LoggerMetricsConfig { push_interval: Some(interval), .. })
        | MetricsExporter::Prometheus(PrometheusConfig { push_interval: Some(interval), .. })) = &self.config
        else {
            return;
        };
        loop {
            tokio::time::sleep(*interval).await;
            match &self.config {
                MetricsExporter::Logger(config) => self.log(config.flush_metrics).await,
                _ => self.push().await,
            }
        }
    }

    /// Logs, pushes or writes metrics for the last time.
    pub async fn finish(&self) {
        match &self.config {
            MetricsExporter::Logger(config) => self.log(config.flush_metrics).await,
            MetricsExporter::Prometheus(config) => {
                self.push().await;
                let path = &config.file_output_path;
                if !path.is_empty() {
                    let (_, text) = self.show().await;
                    if let Err(error) = std::fs::write(path, text) {
                        tracing::error!(path, %error, "write metrics");
                    }
                }
            }
            MetricsExporter::JsonApi | MetricsExporter::None => {}
        }
    }

    async fn push(&self) {
        let MetricsExporter::Prometheus(config) = &self.config else { return };
        if config.push_url.is_none() {
            return;
        }
        let (content_type, text) = self.show().await;
        if let Err(error) = push::push(config, content_type, text).await {
            tracing::error!(error, "metrics can't be pushed");
        }
    }

    async fn log(&self, is_flushed: bool) {
        let snapshot = if is_flushed { self.flush().await } else { self.snapshot().await };
        let mut before = self.logged.lock().await;
        log(&snapshot, &before);
        if is_flushed {
            before.extend(counters(&snapshot));
        }
    }
}

fn counters(snapshot: &Snapshot) -> impl Iterator<Item = ((String, Labels), u64)> {
    snapshot.families.iter().flat_map(|family| {
        family.samples.iter().filter_map(|sample| match sample.value {
            Value::Counter(count) => Some(((family.name.clone(), sample.labels.clone()), count)),
            Value::Gauge(_) | Value::Timing(..) => None,
        })
    })
}

fn log(snapshot: &Snapshot, before: &Before) {
    for family in &snapshot.families {
        for sample in &family.samples {
            let mut fields = Map::from_iter([("name".to_owned(), json!(family.name))]);
            let mut add = |name: &str, value: Json| fields.insert(name.to_owned(), value);
            let what = match &sample.value {
                Value::Counter(count) => {
                    let key = (family.name.clone(), sample.labels.clone());
                    add("value", json!(count - before.get(&key).copied().unwrap_or(0).min(*count)));
                    "Counter metric"
                }
                Value::Gauge(value) => {
                    add("value", json!(whole(*value)));
                    "Counter metric"
                }
                Value::Timing(_, recent) => {
                    for (name, part) in ["p50", "p90", "p99"].into_iter().zip(DEFAULT_QUANTILES) {
                        add(name, json!(recent.quantile(part).unwrap_or_default()));
                    }
                    "Timing metric"
                }
            };
            for (name, value) in &sample.labels {
                add(name, json!(value));
            }
            tracing::info!(fields = Json::Object(fields).to_string(), "{what}");
        }
    }
}
