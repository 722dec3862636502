use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use forebay_storage_metadata::{
    CommitOutcome, Decorated, Decorator, MetadataStore, Operation, SegmentCommit, StoreFailure,
};
use forebay_storage_objects::{
    ErrorKind, Listed, ObjectError, ObjectName, ObjectPrefix, Objects, Operation as ObjectOperation, Payload,
};

use crate::hook::{Hook, Point, Step};

/// An object store that comes to points.
#[derive(Debug)]
pub struct Hooked {
    store: Arc<dyn Objects>,
    hook: Arc<dyn Hook>,
}

impl Hooked {
    /// `store`, with `hook` called at its points.
    #[must_use]
    pub fn new(store: Arc<dyn Objects>, hook: Arc<dyn Hook>) -> Self {
        Self { store, hook }
    }

    async fn come_to(
        &self,
        point: Point,
        operation: ObjectOperation,
        name: &ObjectName,
    ) -> Result<(), ObjectError> {
        if self.hook.at(point).await == Step::Fail {
            let text = format!("a fault {}", point.name());
            return Err(ObjectError::new(operation, name, ErrorKind::Retry, text));
        }
        Ok(())
    }
}

#[async_trait]
impl Objects for Hooked {
    async fn put(&self, name: &ObjectName, payload: Payload) -> Result<(), ObjectError> {
        self.come_to(Point::BeforePut, ObjectOperation::Put, name).await?;
        self.store.put(name, payload).await?;
        self.come_to(Point::AfterPut, ObjectOperation::Put, name).await
    }

    async fn get(&self, name: &ObjectName, range: Range<u64>) -> Result<Bytes, ObjectError> {
        self.come_to(Point::BeforeGet, ObjectOperation::Get, name).await?;
        self.store.get(name, range).await
    }

    async fn head(&self, name: &ObjectName) -> Result<Listed, ObjectError> {
        self.store.head(name).await
    }

    async fn list(
        &self,
        prefix: &ObjectPrefix,
        after: Option<&ObjectName>,
        most: usize,
    ) -> Result<Vec<Listed>, ObjectError> {
        self.store.list(prefix, after, most).await
    }

    async fn delete(&self, name: &ObjectName) -> Result<(), ObjectError> {
        self.come_to(Point::BeforeDelete, ObjectOperation::Delete, name).await?;
        self.store.delete(name).await?;
        self.come_to(Point::AfterDelete, ObjectOperation::Delete, name).await
    }
}

impl fmt::Display for Hooked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.store.fmt(f)
    }
}

/// What comes to points where a metadata store commits and finds.
#[derive(Debug)]
pub struct HookedMetadata(Arc<dyn Hook>);

impl HookedMetadata {
    /// `store`, with `hook` called at its points.
    #[must_use]
    pub fn new(store: Arc<dyn MetadataStore>, hook: Arc<dyn Hook>) -> Decorated<Self> {
        Decorated::new(store, Self(hook))
    }
}

impl Decorator for HookedMetadata {
    async fn around<T: Send, E: From<StoreFailure> + Send>(
        &self,
        operation: Operation,
        work: impl Future<Output = Result<T, E>> + Send,
    ) -> Result<T, E> {
        let (before, after) = match operation {
            Operation::COMMIT => (Some(Point::BeforeCommit), Some(Point::AfterCommit)),
            Operation::FIND => (Some(Point::BeforeFind), None),
            _ => (None, None),
        };
        self.come_to(before).await?;
        let result = work.await;
        self.come_to(after).await?;
        result
    }

    fn change(&self, commit: &mut SegmentCommit) {
        self.0.change(commit);
    }

    fn tell(&self, outcome: &mut CommitOutcome) {
        self.0.tell(outcome);
    }
}

impl HookedMetadata {
    async fn come_to(&self, point: Option<Point>) -> Result<(), StoreFailure> {
        let Some(point) = point else { return Ok(()) };
        if self.0.at(point).await == Step::GoOn {
            return Ok(());
        }
        let reason = format!("a fault {}", point.name());
        match point {
            Point::BeforeFind => Err(StoreFailure::Unavailable { reason }),
            _ => Err(StoreFailure::Unsettled { reason }),
        }
    }
}
