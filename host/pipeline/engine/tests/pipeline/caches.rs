//! A cache that may ask another one first, and a processor that uses it.

#![expect(clippy::unwrap_used, reason = "a test that can't go on fails")]

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use forebay_pipeline_message::{Batch, Origins, Processed};
use forebay_plugins_api::{
    Cache, ComponentError, LostInstance, LostReason, Operation, Processing, Processor, Setup,
};

/// Passes on messages whose payload its cache did not have; the key `die` loses the cache.
pub(crate) struct Distinct(pub(crate) Setup);

#[async_trait]
impl Processor for Distinct {
    async fn process(&mut self, batch: Batch) -> Result<Processing, ComponentError> {
        let label = self.0.config["cache"].as_str().unwrap();
        let mut kept = Vec::new();
        for (index, message) in (0..).zip(batch.iter()) {
            let key = String::from_utf8_lossy(message.payload().unwrap_or_default());
            let added = self.0.caches.add(label, &key, Vec::new(), None).await;
            if added.map_err(|error| ComponentError::Failed(error.to_string()))? {
                kept.push(index);
            }
        }
        let batch = batch.select(&kept).unwrap();
        Ok(Processing::Done(vec![Processed { batch, origins: Origins::Each(kept) }]))
    }

    async fn resume(&mut self, _: Operation) -> Result<Processing, ComponentError> {
        unreachable!("nothing is pending")
    }

    async fn close(&mut self) {}
}

pub(crate) struct ScriptedCache {
    setup: Setup,
    values: HashMap<String, Vec<u8>>,
    connected: bool,
    closed: Arc<AtomicUsize>,
}

impl ScriptedCache {
    pub(crate) fn new(setup: Setup, closed: Arc<AtomicUsize>) -> Self {
        Self { setup, values: HashMap::new(), connected: false, closed }
    }
}

#[async_trait]
impl Cache for ScriptedCache {
    async fn connect(&mut self) -> Result<(), ComponentError> {
        self.connected = true;
        Ok(())
    }

    async fn get(&mut self, key: &str) -> Result<Option<Vec<u8>>, ComponentError> {
        Ok(self.values.get(key).cloned())
    }

    async fn set(&mut self, key: &str, value: &[u8], _: Option<Duration>) -> Result<(), ComponentError> {
        self.values.insert(key.to_owned(), value.to_vec());
        Ok(())
    }

    async fn add(
        &mut self,
        key: &str,
        value: &[u8],
        after: Option<Duration>,
    ) -> Result<bool, ComponentError> {
        assert!(self.connected, "a cache is connected before it is asked");
        if key == "die" {
            self.connected = false;
            let (plugin, component) = ("script".parse().unwrap(), "script".parse().unwrap());
            let detail = "as told".to_owned();
            return Err(LostInstance { plugin, component, reason: LostReason::Trap, detail }.into());
        }
        if let Some(label) = self.setup.config["asks"].as_str() {
            let added = self.setup.caches.add(label, key, value.to_vec(), after).await;
            return added.map_err(|error| ComponentError::Failed(error.to_string()));
        }
        Ok(self.values.insert(key.to_owned(), value.to_vec()).is_none())
    }

    async fn delete(&mut self, key: &str) -> Result<(), ComponentError> {
        self.values.remove(key);
        Ok(())
    }

    async fn close(&mut self) {
        self.closed.fetch_add(1, Ordering::SeqCst);
    }
}
