use std::time::Duration;

use async_trait::async_trait;
use forebay_metrics::Metrics;
use forebay_plugins_api::{Setup, SharedCache};

use crate::meters::CacheMeter;

/// A cache whose operations are counted, and timed together with how long each has waited for its turn.
pub(super) struct Metered<C> {
    cache: C,
    meter: CacheMeter,
}

impl<C> Metered<C> {
    pub(super) fn new(cache: C, metrics: &Metrics, setup: &Setup) -> Self {
        Self { cache, meter: CacheMeter::of(metrics, setup) }
    }
}

#[async_trait]
impl<C: SharedCache> SharedCache for Metered<C> {
    async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, String> {
        self.meter.get.measure(self.cache.get(key), Option::is_some).await
    }

    async fn set(&self, key: &str, value: Vec<u8>, after: Option<Duration>) -> Result<(), String> {
        self.meter.set.measure(self.cache.set(key, value, after), |()| true).await
    }

    async fn add(&self, key: &str, value: Vec<u8>, after: Option<Duration>) -> Result<bool, String> {
        self.meter.add.measure(self.cache.add(key, value, after), |added| *added).await
    }

    async fn delete(&self, key: &str) -> Result<(), String> {
        self.meter.delete.measure(self.cache.delete(key), |()| true).await
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
            let labels = format!("label=\"c\",operation=\"{operation}\",path=\"root.cache_resources\"");
            let line = format!("{name}{{{labels}}} {count}\n");
            assert!(rendered.contains(&line), "{line}{rendered}");
        }
    }
}
