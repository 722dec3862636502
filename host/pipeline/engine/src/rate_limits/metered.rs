use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use forebay_metrics::{Counter, Metrics};
use forebay_pipeline_config::ComponentConfig;
use forebay_plugins_api::RateLimit;

use crate::meters::path_of_metrics;

/// A rate limit whose questions and answers are counted.
pub(super) struct Metered {
    limit: Arc<dyn RateLimit>,
    checked: Counter,
    triggered: Counter,
    error: Counter,
}

impl Metered {
    pub(super) fn new(limit: Arc<dyn RateLimit>, metrics: &Metrics, config: &ComponentConfig) -> Self {
        let label = config.label.as_ref().map_or("", |label| label.as_str());
        let path = path_of_metrics(&config.path);
        let labels = [("label", label), ("path", path.as_str())];
        let metrics = config.metric_naming.of(metrics);
        // A metric that there can't be is counted by nobody.
        let counter = |name, help| metrics.counter(name, help, &labels).unwrap_or_default();
        Self {
            limit,
            checked: counter("rate_limit_checked", "Questions that a rate limit was asked"),
            triggered: counter("rate_limit_triggered", "Questions to which the answer was to wait"),
            error: counter("rate_limit_error", "Questions that a rate limit could not answer"),
        }
    }
}

#[async_trait]
impl RateLimit for Metered {
    async fn access(&self, bytes: Option<usize>) -> Result<Duration, String> {
        self.checked.inc();
        let answer = self.limit.access(bytes).await;
        match &answer {
            Ok(wait) if wait.is_zero() => {}
            Ok(_) => {
                self.triggered.inc();
            }
            Err(_) => {
                self.error.inc();
            }
        }
        answer
    }
}
