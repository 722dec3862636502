use forebay_lifecycle::clock;
use forebay_metrics::{Counter, Metrics, Timing};
use forebay_plugins_api::Setup;

use super::series::Series;

/// What a cache is measured by.
pub(crate) struct CacheMeter {
    pub(crate) get: OperationMeter,
    pub(crate) set: OperationMeter,
    pub(crate) add: OperationMeter,
    pub(crate) delete: OperationMeter,
}

/// What one operation of a cache is measured by.
pub(crate) struct OperationMeter {
    success: Counter,
    error: Counter,
    /// What is neither: a key that is not there, or is there already.
    neither: Counter,
    latency: Timing,
}

impl CacheMeter {
    pub(crate) fn of(metrics: &Metrics, setup: &Setup) -> Self {
        let series = Series::of(&setup.metric_naming.of(metrics), setup.label.as_deref(), &setup.path);
        let operation = |name: &str| {
            let own = Some(("operation", name));
            OperationMeter {
                success: series.counter_with("cache_success", "Operations of a cache that went well", own),
                error: series.counter_with("cache_error", "Operations of a cache that failed", own),
                neither: match name {
                    "get" => series.counter_with("cache_not_found", "Keys that a cache did not have", own),
                    "add" => series.counter_with("cache_duplicate", "Keys that a cache had already", own),
                    _ => Counter::default(),
                },
                latency: series.timing_with("cache_latency_ns", "How long a cache takes", own),
            }
        };
        // Nothing asks a cache for this, but Bento shows it.
        drop(operation("exists"));
        Self {
            get: operation("get"),
            set: operation("set"),
            add: operation("add"),
            delete: operation("delete"),
        }
    }
}

impl OperationMeter {
    /// Waits for an operation and counts it. `found`: whether a result is what was asked for.
    pub(crate) async fn measure<T, E>(
        &self,
        work: impl Future<Output = Result<T, E>>,
        found: impl FnOnce(&T) -> bool,
    ) -> Result<T, E> {
        let begun = clock::now();
        let result = work.await;
        self.latency.observe(begun.elapsed());
        match &result {
            Ok(value) if found(value) => self.success.inc(),
            Ok(_) => self.neither.inc(),
            Err(_) => self.error.inc(),
        }
        result
    }
}
