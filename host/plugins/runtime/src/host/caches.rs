//! The caches of the pipeline, by label.

use std::future::Future;
use std::time::Duration;

use forebay_plugins_api::CacheError;

use crate::bindings::forebay::caches::caches::{CacheError as WitError, Host};
use crate::guest::Guest;

type Answer<T> = wasmtime::Result<Result<T, WitError>>;

impl Host for Guest {
    async fn get(&mut self, cache: String, key: String) -> Answer<Option<Vec<u8>>> {
        self.host_call()?;
        let limit = self.limits.wall / 2;
        within(limit, &cache, self.caches.get(&cache, &key)).await
    }

    async fn set(
        &mut self,
        cache: String,
        key: String,
        value: Vec<u8>,
        nanoseconds: Option<u64>,
    ) -> Answer<()> {
        self.host_call()?;
        let (limit, after) = (self.limits.wall / 2, nanoseconds.map(Duration::from_nanos));
        within(limit, &cache, self.caches.set(&cache, &key, value, after)).await
    }

    async fn add(
        &mut self,
        cache: String,
        key: String,
        value: Vec<u8>,
        nanoseconds: Option<u64>,
    ) -> Answer<bool> {
        self.host_call()?;
        let (limit, after) = (self.limits.wall / 2, nanoseconds.map(Duration::from_nanos));
        within(limit, &cache, self.caches.add(&cache, &key, value, after)).await
    }

    async fn delete(&mut self, cache: String, key: String) -> Answer<()> {
        self.host_call()?;
        let limit = self.limits.wall / 2;
        within(limit, &cache, self.caches.delete(&cache, &key)).await
    }
}

/// Waits for an answer for so long that the guest can still say what it made of that.
async fn within<T>(
    limit: Duration,
    cache: &str,
    call: impl Future<Output = Result<T, CacheError>>,
) -> Answer<T> {
    Ok(match tokio::time::timeout(limit, call).await {
        Ok(answer) => answer.map_err(WitError::from),
        Err(_) => Err(WitError::Failed(format!("cache `{cache}`: no answer within {limit:?}"))),
    })
}

impl From<CacheError> for WitError {
    fn from(error: CacheError) -> Self {
        let text = error.to_string();
        match error {
            CacheError::Unknown { .. } => Self::Unknown(text),
            CacheError::Circle { .. } | CacheError::Failed { .. } => Self::Failed(text),
        }
    }
}
