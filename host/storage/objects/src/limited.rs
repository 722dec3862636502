use std::fmt;
use std::ops::Range;
use std::sync::Arc;
use std::time::SystemTime;

use async_trait::async_trait;
use bytes::Bytes;
use tokio::sync::{Semaphore, SemaphorePermit};

use crate::attributes::PutOptions;
use crate::described::{Described, Fetched, ObjectVersion};
use crate::error::{ErrorKind, ObjectError, Operation};
use crate::name::{ObjectName, ObjectPrefix};
use crate::objects::{Listed, Objects};
use crate::payload::Payload;
use crate::uploads::{Begun, Part, PartPlace, Upload, Uploads, uploads_of, uploads_of_any};

/// Bounds how much is under way at once. Who comes later waits, in the order of coming; puts do not wait for gets.
#[derive(Debug)]
pub struct Limited {
    inner: Arc<dyn Objects>,
    puts: Semaphore,
    others: Semaphore,
    kilobytes: Semaphore,
    most_kilobytes: u32,
}

/// How much at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Puts, each part for itself.
    pub puts: usize,
    /// Everything else.
    pub others: usize,
    /// Bytes that gets have asked for and not been given yet. One that asks for more than all of it goes alone.
    pub get_bytes: u64,
}

/// What bytes are counted in, since a semaphore counts up to 32 bits at a time.
const UNIT: u64 = 1024;

impl Limited {
    /// What `inner` does, within `limits`.
    #[must_use]
    pub fn new(inner: Arc<dyn Objects>, limits: Limits) -> Self {
        let Limits { puts, others, get_bytes } = limits;
        let most_kilobytes = u32::try_from(get_bytes.div_ceil(UNIT)).unwrap_or(u32::MAX).max(1);
        Self {
            inner,
            puts: Semaphore::new(puts.clamp(1, Semaphore::MAX_PERMITS)),
            others: Semaphore::new(others.clamp(1, Semaphore::MAX_PERMITS)),
            kilobytes: Semaphore::new(most_kilobytes as usize),
            most_kilobytes,
        }
    }

    async fn put_turn(
        &self,
        operation: Operation,
        name: &ObjectName,
    ) -> Result<SemaphorePermit<'_>, ObjectError> {
        self.puts.acquire().await.map_err(|closed| never(operation, name.as_str(), closed))
    }

    async fn read(
        &self,
        name: &ObjectName,
        range: &Range<u64>,
    ) -> Result<[SemaphorePermit<'_>; 2], ObjectError> {
        let bytes = range.end.saturating_sub(range.start).div_ceil(UNIT);
        let bytes = u32::try_from(bytes).unwrap_or(u32::MAX).min(self.most_kilobytes);
        let room = self.kilobytes.acquire_many(bytes).await;
        let room = room.map_err(|closed| never(Operation::Get, name.as_str(), closed))?;
        Ok([room, self.other(Operation::Get, name.as_str()).await?])
    }

    async fn other(&self, operation: Operation, name: &str) -> Result<SemaphorePermit<'_>, ObjectError> {
        self.others.acquire().await.map_err(|closed| never(operation, name, closed))
    }
}

/// The semaphores are never closed.
fn never(operation: Operation, name: &str, closed: tokio::sync::AcquireError) -> ObjectError {
    ObjectError::new(operation, name, ErrorKind::Internal, closed)
}

#[deny(clippy::missing_trait_methods)]
#[async_trait]
impl Objects for Limited {
    async fn put(&self, name: &ObjectName, payload: Payload) -> Result<(), ObjectError> {
        let _turn = self.put_turn(Operation::Put, name).await?;
        self.inner.put(name, payload).await
    }

    async fn get(&self, name: &ObjectName, range: Range<u64>) -> Result<Bytes, ObjectError> {
        let _turn = self.read(name, &range).await?;
        self.inner.get(name, range).await
    }

    async fn head(&self, name: &ObjectName) -> Result<Listed, ObjectError> {
        let _turn = self.other(Operation::Head, name.as_str()).await?;
        self.inner.head(name).await
    }

    async fn list(
        &self,
        prefix: &ObjectPrefix,
        after: Option<&ObjectName>,
        most: usize,
    ) -> Result<Vec<Listed>, ObjectError> {
        let _turn = self.other(Operation::List, prefix.as_str()).await?;
        self.inner.list(prefix, after, most).await
    }

    async fn remove_leftovers(&self, prefix: &ObjectPrefix) -> Result<usize, ObjectError> {
        self.inner.remove_leftovers(prefix).await
    }

    async fn delete(&self, name: &ObjectName) -> Result<(), ObjectError> {
        let _turn = self.other(Operation::Delete, name.as_str()).await?;
        self.inner.delete(name).await
    }

    async fn put_with(
        &self,
        name: &ObjectName,
        payload: Payload,
        options: &PutOptions,
    ) -> Result<(), ObjectError> {
        let _turn = self.put_turn(Operation::Put, name).await?;
        self.inner.put_with(name, payload, options).await
    }

    async fn fetch(
        &self,
        name: &ObjectName,
        range: Range<u64>,
        version: Option<&ObjectVersion>,
    ) -> Result<Fetched, ObjectError> {
        let _turn = self.read(name, &range).await?;
        self.inner.fetch(name, range, version).await
    }

    async fn describe(&self, name: &ObjectName) -> Result<Described, ObjectError> {
        let _turn = self.other(Operation::Head, name.as_str()).await?;
        self.inner.describe(name).await
    }

    async fn delete_many(&self, names: &[ObjectName]) -> Result<(), ObjectError> {
        let what = names.first().map_or("", ObjectName::as_str);
        let _turn = self.other(Operation::Delete, what).await?;
        self.inner.delete_many(names).await
    }

    fn uploads(&self) -> Option<&dyn Uploads> {
        self.inner.uploads().map(|_| self as &dyn Uploads)
    }
}

#[async_trait]
impl Uploads for Limited {
    async fn begin(&self, name: &ObjectName, options: &PutOptions) -> Result<Upload, ObjectError> {
        let _turn = self.other(Operation::Begin, name.as_str()).await?;
        uploads_of(&*self.inner, name)?.begin(name, options).await
    }

    async fn put_part(
        &self,
        upload: &Upload,
        place: PartPlace,
        payload: Payload,
    ) -> Result<Part, ObjectError> {
        let _turn = self.put_turn(Operation::PutPart, &upload.name).await?;
        uploads_of(&*self.inner, &upload.name)?.put_part(upload, place, payload).await
    }

    async fn complete(&self, upload: &Upload, parts: &[Part]) -> Result<(), ObjectError> {
        let _turn = self.other(Operation::Complete, upload.name.as_str()).await?;
        uploads_of(&*self.inner, &upload.name)?.complete(upload, parts).await
    }

    async fn abort(&self, upload: &Upload) -> Result<(), ObjectError> {
        let _turn = self.other(Operation::Abort, upload.name.as_str()).await?;
        uploads_of(&*self.inner, &upload.name)?.abort(upload).await
    }

    async fn begun(&self, beginning: &str) -> Result<Vec<Begun>, ObjectError> {
        let _turn = self.other(Operation::List, beginning).await?;
        uploads_of_any(&*self.inner)?.begun(beginning).await
    }

    async fn last_put(&self, upload: &Upload) -> Result<Option<SystemTime>, ObjectError> {
        let _turn = self.other(Operation::List, upload.name.as_str()).await?;
        uploads_of(&*self.inner, &upload.name)?.last_put(upload).await
    }
}

impl fmt::Display for Limited {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use futures_util::future::join_all;

    use super::*;
    use crate::{Fault, Faults, Faulty, open};

    fn slow(name: &str, limits: Limits) -> (Arc<Faults>, Limited) {
        let faults = Arc::new(Faults::new(1));
        let inner = open(&format!("mem://limited-{name}"), []).unwrap();
        (Arc::clone(&faults), Limited::new(Arc::new(Faulty::new(inner, faults)), limits))
    }

    #[tokio::test(start_paused = true)]
    async fn no_more_is_under_way_than_allowed() {
        let (faults, objects) = slow("count", Limits { puts: 2, others: 1, get_bytes: 1 << 20 });
        faults.always(Operation::Put, Fault::Delay(Duration::from_secs(1)));
        let names: Vec<ObjectName> = (0..6).map(|n| format!("{n}").parse().unwrap()).collect();
        let puts = names.iter().map(|name| objects.put(name, Payload::from_static(b"x")));
        assert!(join_all(puts).await.into_iter().all(|put| put.is_ok()));
        assert_eq!(faults.most_at_once(Operation::Put), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn bytes_are_counted_and_a_large_read_goes_alone() {
        let (faults, objects) = slow("bytes", Limits { puts: 1, others: 9, get_bytes: 2048 });
        let name = "a".parse().unwrap();
        objects.put(&name, vec![7; 9000].into()).await.unwrap();
        faults.always(Operation::Get, Fault::Delay(Duration::from_secs(1)));
        let gets = [1024, 1024, 9000, 500].map(|bytes| objects.get(&name, 0..bytes));
        assert!(join_all(gets).await.into_iter().all(|got| got.is_ok()));
        assert_eq!(faults.most_at_once(Operation::Get), 2);
    }
}
