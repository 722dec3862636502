use std::time::Duration;

use async_trait::async_trait;
use forebay_lifecycle::clock;
use forebay_metrics::{Counter, Metrics, Timing};
use forebay_plugins_api::{Setup, SharedCache};

/// A cache whose operations are counted, and timed together with how long each has waited for its turn.
pub(super) struct Metered<C> {
    cache: C,
    get: Operation,
    set: Operation,
    add: Operation,
    delete: Operation,
}

/// The metrics of one operation. A metric that there can't be is counted by nobody.
struct Operation {
    success: Counter,
    error: Counter,
    /// Nothing was found, or something was there already.
    otherwise: Counter,
    latency: Option<Timing>,
}

impl<C> Metered<C> {
    pub(super) fn new(cache: C, metrics: &Metrics, setup: &Setup) -> Self {
        let operation = |operation, otherwise| Operation::new(metrics, setup, operation, otherwise);
        Self {
            cache,
            get: operation("get", Some(("cache_not_found", "Keys that a cache had no value for"))),
            set: operation("set", None),
            add: operation(
                "add",
                Some(("cache_duplicate", "Keys that were not added, since they were there")),
            ),
            delete: operation("delete", None),
        }
    }
}

impl Operation {
    fn new(metrics: &Metrics, setup: &Setup, operation: &str, otherwise: Option<(&str, &str)>) -> Self {
        let labels = [
            ("pipeline", setup.pipeline.as_str()),
            ("path", setup.path.as_str()),
            ("label", setup.label.as_deref().unwrap_or_default()),
            ("operation", operation),
        ];
        let counter = |name, help| metrics.counter(name, help, &labels).unwrap_or_default();
        Self {
            success: counter("cache_success", "Operations that a cache has done"),
            error: counter("cache_error", "Operations that a cache has failed to do"),
            otherwise: otherwise.map(|(name, help)| counter(name, help)).unwrap_or_default(),
            latency: metrics.timing("cache_latency_ns", "How long operations of a cache took", &labels).ok(),
        }
    }

    async fn measure<T>(
        &self,
        operation: impl Future<Output = Result<T, String>>,
        is_success: impl FnOnce(&T) -> bool,
    ) -> Result<T, String> {
        let begun = clock::now();
        let result = operation.await;
        if let Some(latency) = &self.latency {
            latency.observe(clock::now().duration_since(begun).as_secs_f64());
        }
        match &result {
            Ok(value) if is_success(value) => self.success.inc(),
            Ok(_) => self.otherwise.inc(),
            Err(_) => self.error.inc(),
        };
        result
    }
}

#[async_trait]
impl<C: SharedCache> SharedCache for Metered<C> {
    async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, String> {
        self.get.measure(self.cache.get(key), Option::is_some).await
    }

    async fn set(&self, key: &str, value: Vec<u8>, after: Option<Duration>) -> Result<(), String> {
        self.set.measure(self.cache.set(key, value, after), |()| true).await
    }

    async fn add(&self, key: &str, value: Vec<u8>, after: Option<Duration>) -> Result<bool, String> {
        self.add.measure(self.cache.add(key, value, after), |added| *added).await
    }

    async fn delete(&self, key: &str) -> Result<(), String> {
        self.delete.measure(self.cache.delete(key), |()| true).await
    }
}
