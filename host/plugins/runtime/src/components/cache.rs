//! Stores of small values.

use std::time::Duration;

use async_trait::async_trait;
use forebay_plugins_api::{Cache, ComponentError};

use crate::components::exports;
use crate::instance::{Slot, Waits};

exports!(CacheExports, Cache, caches, caches, close(), ready(call_connect));

/// A cache in an instance.
pub(crate) struct CacheComponent {
    slot: Slot<CacheExports>,
}

impl CacheComponent {
    pub(crate) fn new(slot: Slot<CacheExports>) -> Self {
        Self { slot }
    }
}

#[async_trait]
impl Cache for CacheComponent {
    async fn connect(&mut self) -> Result<(), ComponentError> {
        self.slot.try_call(Waits::Bounded, |exports, store| Box::pin(exports.0.call_connect(store))).await
    }

    async fn get(&mut self, key: &str) -> Result<Option<Vec<u8>>, ComponentError> {
        self.slot.freshen().await;
        let key = key.to_owned();
        let get = self.slot.try_call(Waits::Bounded, move |exports, store| {
            Box::pin(async move { exports.0.call_get(store, &key).await })
        });
        get.await
    }

    async fn set(
        &mut self,
        key: &str,
        value: &[u8],
        expires_after: Option<Duration>,
    ) -> Result<(), ComponentError> {
        self.slot.freshen().await;
        let (key, value, after) = (key.to_owned(), value.to_vec(), nanoseconds(expires_after));
        let set = self.slot.try_call(Waits::Bounded, move |exports, store| {
            Box::pin(async move { exports.0.call_set(store, &key, &value, after).await })
        });
        set.await
    }

    async fn add(
        &mut self,
        key: &str,
        value: &[u8],
        expires_after: Option<Duration>,
    ) -> Result<bool, ComponentError> {
        self.slot.freshen().await;
        let (key, value, after) = (key.to_owned(), value.to_vec(), nanoseconds(expires_after));
        let add = self.slot.try_call(Waits::Bounded, move |exports, store| {
            Box::pin(async move { exports.0.call_add(store, &key, &value, after).await })
        });
        add.await
    }

    async fn delete(&mut self, key: &str) -> Result<(), ComponentError> {
        self.slot.freshen().await;
        let key = key.to_owned();
        let delete = self.slot.try_call(Waits::Bounded, move |exports, store| {
            Box::pin(async move { exports.0.call_delete(store, &key).await })
        });
        delete.await
    }

    async fn close(&mut self) {
        if self.slot.is_live() {
            let close = self.slot.call(Waits::Ending, |exports, store| Box::pin(exports.0.call_close(store)));
            if let Err(lost) = close.await {
                tracing::warn!(%lost, "close a cache");
            }
        }
    }
}

fn nanoseconds(after: Option<Duration>) -> Option<u64> {
    after.map(|after| u64::try_from(after.as_nanos()).unwrap_or(u64::MAX))
}
