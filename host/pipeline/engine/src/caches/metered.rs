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

#[cfg(test)]
mod tests {
    use forebay_plugins_api::PipelineName;

    use super::*;

    /// Has one key, and can say nothing about another.
    struct Small;

    #[async_trait]
    impl SharedCache for Small {
        async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, String> {
            match key {
                "broken" => Err("out of order".to_owned()),
                key => Ok((key == "a").then(Vec::new)),
            }
        }

        async fn set(&self, key: &str, _: Vec<u8>, _: Option<Duration>) -> Result<(), String> {
            self.get(key).await.map(drop)
        }

        async fn add(&self, key: &str, _: Vec<u8>, _: Option<Duration>) -> Result<bool, String> {
            Ok(self.get(key).await?.is_none())
        }

        async fn delete(&self, key: &str) -> Result<(), String> {
            self.get(key).await.map(drop)
        }
    }

    #[tokio::test]
    async fn every_operation_is_counted_by_what_came_of_it() {
        let metrics = Metrics::default();
        let setup = Setup::new(PipelineName::new("p"), "cache_resources.0", "small".parse().unwrap());
        let cache = Metered::new(Small, &metrics, &Setup { label: Some("c".to_owned()), ..setup });
        for key in ["a", "b", "b", "broken"] {
            let _ = cache.get(key).await;
            let _ = cache.set(key, Vec::new(), None).await;
            let _ = cache.add(key, Vec::new(), None).await;
            let _ = cache.delete(key).await;
        }
        let rendered = metrics.render();
        for (name, operation, count) in [
            ("cache_success_total", "get", 1),
            ("cache_not_found_total", "get", 2),
            ("cache_error_total", "get", 1),
            ("cache_success_total", "set", 3),
            ("cache_error_total", "set", 1),
            ("cache_success_total", "add", 2),
            ("cache_duplicate_total", "add", 1),
            ("cache_error_total", "delete", 1),
            ("cache_latency_ns_count", "delete", 4),
        ] {
            let labels = "pipeline=\"p\",path=\"cache_resources.0\",label=\"c\"";
            let line = format!("{name}{{{labels},operation=\"{operation}\"}} {count}\n");
            assert!(rendered.contains(&line), "{line}{rendered}");
        }
    }
}
