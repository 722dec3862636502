//! Where a cache or a rate limit is found by those who use it, whichever that is now.

use std::sync::{PoisonError, RwLock};
use std::time::Duration;

use async_trait::async_trait;
use forebay_pipeline_config::Label;
use forebay_plugins_api::{CacheError, RateLimit, RateLimitError, RateLimits, SharedCache};

use crate::caches::RunningCaches;

/// How long a cache that was replaced may take to close.
const LAST_CALLS: Duration = Duration::from_secs(5);

/// The place of a cache.
pub(super) struct CachePlace {
    label: String,
    /// Its calls hold the lock together, so that nobody replaces what is called.
    running: tokio::sync::RwLock<Option<RunningCaches>>,
}

/// The place of a rate limit.
pub(super) struct LimitPlace {
    label: String,
    limits: RwLock<RateLimits>,
}

impl CachePlace {
    /// With nothing in it yet.
    pub(super) fn new(label: &Label) -> Self {
        Self { label: label.to_string(), running: tokio::sync::RwLock::default() }
    }

    /// Puts another one in.
    pub(super) async fn replace(&self, running: RunningCaches) {
        let before = self.running.write().await.replace(running);
        if let Some(before) = before {
            before.close(LAST_CALLS).await;
        }
    }

    /// Closes what is in it, for good.
    pub(super) async fn close(&self, limit: Duration) {
        // A call that does not end holds the lock: then the cache ends with its threads.
        let Ok(mut running) = tokio::time::timeout(limit, self.running.write()).await else { return };
        if let Some(running) = running.take() {
            running.close(limit).await;
        }
    }
}

fn gone() -> String {
    "the cache has ended".to_owned()
}

fn plain(error: CacheError) -> String {
    match error {
        CacheError::Failed { reason, .. } => reason,
        other => other.to_string(),
    }
}

#[async_trait]
impl SharedCache for CachePlace {
    async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, String> {
        let running = self.running.read().await;
        let caches = &running.as_ref().ok_or_else(gone)?.caches;
        caches.get(&self.label, key).await.map_err(plain)
    }

    async fn set(&self, key: &str, value: Vec<u8>, after: Option<Duration>) -> Result<(), String> {
        let running = self.running.read().await;
        let caches = &running.as_ref().ok_or_else(gone)?.caches;
        caches.set(&self.label, key, value, after).await.map_err(plain)
    }

    async fn add(&self, key: &str, value: Vec<u8>, after: Option<Duration>) -> Result<bool, String> {
        let running = self.running.read().await;
        let caches = &running.as_ref().ok_or_else(gone)?.caches;
        caches.add(&self.label, key, value, after).await.map_err(plain)
    }

    async fn delete(&self, key: &str) -> Result<(), String> {
        let running = self.running.read().await;
        let caches = &running.as_ref().ok_or_else(gone)?.caches;
        caches.delete(&self.label, key).await.map_err(plain)
    }
}

impl LimitPlace {
    /// With nothing in it yet.
    pub(super) fn new(label: &Label) -> Self {
        Self { label: label.to_string(), limits: RwLock::default() }
    }

    /// Puts another one in: the one of this label among those.
    pub(super) fn replace(&self, limits: RateLimits) {
        *self.limits.write().unwrap_or_else(PoisonError::into_inner) = limits;
    }
}

#[async_trait]
impl RateLimit for LimitPlace {
    async fn access(&self, bytes: Option<usize>) -> Result<Duration, String> {
        let limits = self.limits.read().unwrap_or_else(PoisonError::into_inner).clone();
        limits.access(&self.label, bytes).await.map_err(|error| match error {
            RateLimitError::Failed { reason, .. } => reason,
            other @ RateLimitError::Unknown { .. } => other.to_string(),
        })
    }
}
