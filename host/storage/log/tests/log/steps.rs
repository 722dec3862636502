//! A process that is killed at a step of its own.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use bytes::Bytes;
use forebay_storage_metadata::{Decorator, Operation as Call, StoreFailure};
use forebay_storage_objects::{Listed, ObjectError, ObjectName, ObjectPrefix, Objects, Payload};
use tokio::sync::Notify;

/// Counts the steps of a process. At the last one it stands still for ever, as a process does that was killed.
#[derive(Debug)]
pub struct Steps {
    taken: AtomicUsize,
    last: usize,
    killed: Notify,
}

impl Steps {
    pub fn until(last: usize) -> Arc<Self> {
        Arc::new(Self { taken: AtomicUsize::new(0), last, killed: Notify::new() })
    }

    pub async fn step(&self) {
        if self.taken.fetch_add(1, Ordering::SeqCst) >= self.last {
            self.killed.notify_one();
            std::future::pending::<()>().await;
        }
    }

    /// How many steps were taken.
    pub fn count(&self) -> usize {
        self.taken.load(Ordering::SeqCst)
    }

    pub async fn killed(&self) {
        self.killed.notified().await;
    }
}

/// Objects with a step before and behind each put.
pub struct Stepped {
    pub inner: Arc<dyn Objects>,
    pub steps: Arc<Steps>,
}

#[async_trait]
impl Objects for Stepped {
    async fn put(&self, name: &ObjectName, payload: Payload) -> Result<(), ObjectError> {
        self.steps.step().await;
        self.inner.put(name, payload).await?;
        self.steps.step().await;
        Ok(())
    }

    async fn get(&self, name: &ObjectName, range: Range<u64>) -> Result<Bytes, ObjectError> {
        self.inner.get(name, range).await
    }

    async fn head(&self, name: &ObjectName) -> Result<Listed, ObjectError> {
        self.inner.head(name).await
    }

    async fn list(
        &self,
        prefix: &ObjectPrefix,
        after: Option<&ObjectName>,
        most: usize,
    ) -> Result<Vec<Listed>, ObjectError> {
        self.inner.list(prefix, after, most).await
    }

    async fn delete(&self, name: &ObjectName) -> Result<(), ObjectError> {
        self.steps.step().await;
        self.inner.delete(name).await?;
        self.steps.step().await;
        Ok(())
    }
}

impl fmt::Display for Stepped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}

impl fmt::Debug for Stepped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stepped").finish_non_exhaustive()
    }
}

/// A metadata store with a step before and behind each call that writes for compaction or deletes.
#[derive(Debug)]
pub struct SteppedCalls(pub Arc<Steps>);

impl Decorator for SteppedCalls {
    async fn around<T: Send, E: From<StoreFailure> + Send>(
        &self,
        operation: Call,
        work: impl Future<Output = Result<T, E>> + Send,
    ) -> Result<T, E> {
        let writes = ["commit", "commit_compacted", "replace_runs", "condemn", "report_deleted", "set_level"];
        if !writes.contains(&operation.name()) {
            return work.await;
        }
        self.0.step().await;
        let result = work.await;
        self.0.step().await;
        result
    }
}
