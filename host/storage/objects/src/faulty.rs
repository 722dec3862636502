mod faults;

use std::fmt;
use std::io;
use std::ops::Range;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use bytes::Bytes;

use crate::attributes::PutOptions;
use crate::described::{Described, Fetched, ObjectVersion};
use crate::error::{ErrorKind, ObjectError, Operation};
use crate::name::{ObjectName, ObjectPrefix};
use crate::objects::{Listed, Objects};
use crate::payload::Payload;
use crate::uploads::{Begun, Part, PartPlace, Upload, Uploads, uploads_of, uploads_of_any};
pub use faults::{Fault, Faults};

/// A store that misbehaves, for tests: as it is told for single operations, or by chance that follows from a seed.
#[derive(Debug)]
pub struct Faulty {
    inner: Arc<dyn Objects>,
    faults: Arc<Faults>,
}

impl Faulty {
    /// What `inner` does, with `faults`.
    #[must_use]
    pub fn new(inner: Arc<dyn Objects>, faults: Arc<Faults>) -> Self {
        Self { inner, faults }
    }

    /// Does `work`, or what a fault says. `later` does the same for somebody who does not wait for it, and `torn` a part of it.
    async fn run<T: Send>(
        &self,
        operation: Operation,
        name: &str,
        work: impl Future<Output = Result<T, ObjectError>> + Send,
        later: impl FnOnce(Arc<dyn Objects>, Duration) + Send,
        torn: impl Future<Output = Result<(), ObjectError>> + Send,
    ) -> Result<T, ObjectError> {
        let (fault, _running) = self.faults.begin(operation);
        let failed =
            || Err(ObjectError::new(operation, name, ErrorKind::Retry, "a fault that a test asked for"));
        match fault {
            None => work.await,
            Some(Fault::Fail) => failed(),
            Some(Fault::FailAfter(time)) => {
                tokio::time::sleep(time).await;
                failed()
            }
            Some(Fault::Delay(time)) => {
                tokio::time::sleep(time).await;
                work.await
            }
            Some(Fault::DoneButFailed) => {
                work.await?;
                failed()
            }
            Some(Fault::FailedButDoneAfter(time)) => {
                later(Arc::clone(&self.inner), time);
                failed()
            }
            Some(Fault::Torn) => {
                torn.await?;
                failed()
            }
            Some(Fault::Full) => {
                let full = io::Error::from(io::ErrorKind::StorageFull);
                Err(ObjectError::new(operation, name, ErrorKind::Internal, full))
            }
            Some(Fault::Hang) => std::future::pending().await,
            Some(Fault::Held(held)) => {
                // The permits are used up, not given back. Nobody closes it.
                if let Ok(permit) = held.acquire().await {
                    permit.forget();
                }
                work.await
            }
        }
    }

    /// Does `work`, or what a fault says; nothing of it is done later or by halves.
    async fn simply<T: Send>(
        &self,
        operation: Operation,
        name: &str,
        work: impl Future<Output = Result<T, ObjectError>> + Send,
    ) -> Result<T, ObjectError> {
        self.run(operation, name, work, |_, _| {}, async { Ok(()) }).await
    }
}

#[deny(clippy::missing_trait_methods)]
#[async_trait]
impl Objects for Faulty {
    async fn put(&self, name: &ObjectName, payload: Payload) -> Result<(), ObjectError> {
        self.put_with(name, payload, &PutOptions::default()).await
    }

    async fn put_with(
        &self,
        name: &ObjectName,
        payload: Payload,
        options: &PutOptions,
    ) -> Result<(), ObjectError> {
        let half = payload.truncated(payload.len() / 2);
        let torn = self.inner.put_with(name, half, options);
        let (name_later, payload_later, options_later) = (name.clone(), payload.clone(), options.clone());
        let later = |inner: Arc<dyn Objects>, time| {
            forebay_lifecycle::Here::spawn_detached(async move {
                tokio::time::sleep(time).await;
                // Nobody waits for it any more.
                let _ = inner.put_with(&name_later, payload_later, &options_later).await;
            });
        };
        let work = self.inner.put_with(name, payload, options);
        self.run(Operation::Put, name.as_str(), work, later, torn).await
    }

    async fn get(&self, name: &ObjectName, range: Range<u64>) -> Result<Bytes, ObjectError> {
        self.simply(Operation::Get, name.as_str(), self.inner.get(name, range)).await
    }

    async fn head(&self, name: &ObjectName) -> Result<Listed, ObjectError> {
        self.simply(Operation::Head, name.as_str(), self.inner.head(name)).await
    }

    async fn list(
        &self,
        prefix: &ObjectPrefix,
        after: Option<&ObjectName>,
        most: usize,
    ) -> Result<Vec<Listed>, ObjectError> {
        self.simply(Operation::List, prefix.as_str(), self.inner.list(prefix, after, most)).await
    }

    async fn remove_leftovers(&self, prefix: &ObjectPrefix) -> Result<usize, ObjectError> {
        self.inner.remove_leftovers(prefix).await
    }

    async fn delete(&self, name: &ObjectName) -> Result<(), ObjectError> {
        let name_later = name.clone();
        let later = |inner: Arc<dyn Objects>, time| {
            forebay_lifecycle::Here::spawn_detached(async move {
                tokio::time::sleep(time).await;
                // Nobody waits for it any more.
                let _ = inner.delete(&name_later).await;
            });
        };
        let nothing = async { Ok(()) };
        self.run(Operation::Delete, name.as_str(), self.inner.delete(name), later, nothing).await
    }

    async fn fetch(
        &self,
        name: &ObjectName,
        range: Range<u64>,
        version: Option<&ObjectVersion>,
    ) -> Result<Fetched, ObjectError> {
        self.simply(Operation::Get, name.as_str(), self.inner.fetch(name, range, version)).await
    }

    async fn describe(&self, name: &ObjectName) -> Result<Described, ObjectError> {
        self.simply(Operation::Head, name.as_str(), self.inner.describe(name)).await
    }

    async fn delete_many(&self, names: &[ObjectName]) -> Result<(), ObjectError> {
        let what = names.first().map_or("", ObjectName::as_str);
        let (first, _) = names.split_at(names.len() / 2);
        let torn = self.inner.delete_many(first);
        self.run(Operation::Delete, what, self.inner.delete_many(names), |_, _| {}, torn).await
    }

    fn uploads(&self) -> Option<&dyn Uploads> {
        self.inner.uploads().map(|_| self as &dyn Uploads)
    }
}

#[async_trait]
impl Uploads for Faulty {
    async fn begin(&self, name: &ObjectName, options: &PutOptions) -> Result<Upload, ObjectError> {
        let work = uploads_of(&*self.inner, name)?.begin(name, options);
        self.simply(Operation::Begin, name.as_str(), work).await
    }

    async fn put_part(
        &self,
        upload: &Upload,
        place: PartPlace,
        payload: Payload,
    ) -> Result<Part, ObjectError> {
        let uploads = uploads_of(&*self.inner, &upload.name)?;
        let half = payload.truncated(payload.len() / 2);
        let torn = async { uploads.put_part(upload, place, half).await.map(drop) };
        let work = uploads.put_part(upload, place, payload);
        self.run(Operation::PutPart, upload.name.as_str(), work, |_, _| {}, torn).await
    }

    async fn complete(&self, upload: &Upload, parts: &[Part]) -> Result<(), ObjectError> {
        let work = uploads_of(&*self.inner, &upload.name)?.complete(upload, parts);
        let (upload_later, parts_later) = (upload.clone(), parts.to_vec());
        let later = |inner: Arc<dyn Objects>, time| {
            forebay_lifecycle::Here::spawn_detached(async move {
                tokio::time::sleep(time).await;
                if let Some(uploads) = inner.uploads() {
                    // Nobody waits for it any more.
                    let _ = uploads.complete(&upload_later, &parts_later).await;
                }
            });
        };
        self.run(Operation::Complete, upload.name.as_str(), work, later, async { Ok(()) }).await
    }

    async fn abort(&self, upload: &Upload) -> Result<(), ObjectError> {
        let work = uploads_of(&*self.inner, &upload.name)?.abort(upload);
        self.simply(Operation::Abort, upload.name.as_str(), work).await
    }

    async fn begun(&self, beginning: &str) -> Result<Vec<Begun>, ObjectError> {
        let work = uploads_of_any(&*self.inner)?.begun(beginning);
        self.simply(Operation::List, beginning, work).await
    }

    async fn last_put(&self, upload: &Upload) -> Result<Option<SystemTime>, ObjectError> {
        let work = uploads_of(&*self.inner, &upload.name)?.last_put(upload);
        self.simply(Operation::List, upload.name.as_str(), work).await
    }
}

impl fmt::Display for Faulty {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::open;

    #[tokio::test(start_paused = true)]
    async fn faults_do_what_they_say() {
        let faults = Arc::new(Faults::new(1));
        let objects = Faulty::new(open("mem://faulty", []).unwrap(), Arc::clone(&faults));
        let name = |name: &str| name.parse::<ObjectName>().unwrap();
        let wait = Duration::from_secs(1);
        faults.next(
            Operation::Put,
            [Fault::DoneButFailed, Fault::Fail, Fault::Torn, Fault::FailedButDoneAfter(wait)],
        );
        for at in ["done", "failed", "torn", "late"] {
            objects.put(&name(at), Payload::from_static(b"abcd")).await.unwrap_err();
        }
        assert_eq!(objects.head(&name("done")).await.unwrap().size, 4);
        assert_eq!(objects.head(&name("failed")).await.unwrap_err().kind(), ErrorKind::NotFound);
        assert_eq!(objects.head(&name("torn")).await.unwrap().size, 2);
        assert_eq!(objects.head(&name("late")).await.unwrap_err().kind(), ErrorKind::NotFound);
        tokio::time::sleep(wait * 2).await;
        assert_eq!(objects.head(&name("late")).await.unwrap().size, 4);
    }
}
