use std::fmt;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use bytes::Bytes;
use forebay_lifecycle::{Backoff, chance};
use tokio::time::{Instant, timeout_at};

use crate::attributes::PutOptions;
use crate::described::{Described, Fetched, ObjectVersion};
use crate::error::{ErrorKind, ObjectError, Operation};
use crate::name::{ObjectName, ObjectPrefix};
use crate::objects::{Listed, Objects};
use crate::payload::Payload;
use crate::uploads::{Begun, Part, PartPlace, Upload, Uploads, uploads_of, uploads_of_any};

/// Tries again what may go better, and gives up on a try that takes too long. Everything that [`Objects`] does may be
/// done twice.
#[derive(Debug)]
pub struct Retrying {
    inner: Arc<dyn Objects>,
    policy: RetryPolicy,
}

/// How often, how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetryPolicy {
    /// How many tries there are, the first one included.
    pub tries: u32,
    /// The pause before the second try, at most; the next ones double it. Each pause is a random part of that, so
    /// that those who failed together do not come back together.
    pub first_pause: Duration,
    /// The longest pause.
    pub longest_pause: Duration,
    /// How long one try may take.
    pub try_timeout: Duration,
    /// How long all of it may take.
    pub timeout: Duration,
}

impl RetryPolicy {
    /// Where a client waits: a produce is answered with an error that the client tries again by itself, so a long
    /// series here would only hold up the commits behind it.
    #[must_use]
    pub const fn produce() -> Self {
        Self {
            tries: 4,
            first_pause: Duration::from_millis(50),
            longest_pause: Duration::from_secs(1),
            try_timeout: Duration::from_secs(5),
            timeout: Duration::from_secs(10),
        }
    }

    /// Where nobody waits: deletions, lists.
    #[must_use]
    pub const fn background() -> Self {
        Self {
            tries: 8,
            first_pause: Duration::from_millis(200),
            longest_pause: Duration::from_secs(10),
            try_timeout: Duration::from_secs(30),
            timeout: Duration::from_secs(120),
        }
    }
}

/// One try took longer than it may.
#[derive(Debug, thiserror::Error)]
#[error("no answer within {0:?}")]
struct TooSlow(Duration);

impl Retrying {
    /// Tries what `inner` does again, by `policy`.
    #[must_use]
    pub fn new(inner: Arc<dyn Objects>, policy: RetryPolicy) -> Self {
        Self { inner, policy }
    }

    async fn run<T, F>(
        &self,
        operation: Operation,
        name: &str,
        mut attempt: impl FnMut() -> F + Send,
    ) -> Result<T, ObjectError>
    where
        T: Send,
        F: Future<Output = Result<T, ObjectError>> + Send,
    {
        let started = Instant::now();
        let last = started + self.policy.timeout;
        let mut backoff = Backoff::new(self.policy.first_pause, self.policy.longest_pause);
        let mut tries = 0;
        loop {
            tries += 1;
            let end = last.min(Instant::now() + self.policy.try_timeout);
            let error = match timeout_at(end, attempt()).await {
                Ok(Ok(done)) => return Ok(done),
                Ok(Err(error)) if error.kind() != ErrorKind::Retry => return Err(error),
                Ok(Err(error)) => error,
                Err(_) => {
                    let limit = TooSlow(self.policy.try_timeout);
                    ObjectError::new(operation, name, ErrorKind::Retry, limit)
                }
            };
            let pause = backoff.pause().mul_f64(chance::part());
            if tries >= self.policy.tries || Instant::now() + pause >= last {
                return Err(error);
            }
            tracing::debug!(%error, tries, "trying again");
            tokio::time::sleep(pause).await;
        }
    }
}

#[deny(clippy::missing_trait_methods)]
#[async_trait]
impl Objects for Retrying {
    async fn put(&self, name: &ObjectName, payload: Payload) -> Result<(), ObjectError> {
        self.run(Operation::Put, name.as_str(), || self.inner.put(name, payload.clone())).await
    }

    async fn get(&self, name: &ObjectName, range: Range<u64>) -> Result<Bytes, ObjectError> {
        self.run(Operation::Get, name.as_str(), || self.inner.get(name, range.clone())).await
    }

    async fn head(&self, name: &ObjectName) -> Result<Listed, ObjectError> {
        self.run(Operation::Head, name.as_str(), || self.inner.head(name)).await
    }

    async fn list(
        &self,
        prefix: &ObjectPrefix,
        after: Option<&ObjectName>,
        most: usize,
    ) -> Result<Vec<Listed>, ObjectError> {
        self.run(Operation::List, prefix.as_str(), || self.inner.list(prefix, after, most)).await
    }

    async fn remove_leftovers(&self, prefix: &ObjectPrefix) -> Result<usize, ObjectError> {
        self.inner.remove_leftovers(prefix).await
    }

    async fn delete(&self, name: &ObjectName) -> Result<(), ObjectError> {
        self.run(Operation::Delete, name.as_str(), || self.inner.delete(name)).await
    }

    async fn put_with(
        &self,
        name: &ObjectName,
        payload: Payload,
        options: &PutOptions,
    ) -> Result<(), ObjectError> {
        let attempt = || self.inner.put_with(name, payload.clone(), options);
        self.run(Operation::Put, name.as_str(), attempt).await
    }

    async fn fetch(
        &self,
        name: &ObjectName,
        range: Range<u64>,
        version: Option<&ObjectVersion>,
    ) -> Result<Fetched, ObjectError> {
        let attempt = || self.inner.fetch(name, range.clone(), version);
        self.run(Operation::Get, name.as_str(), attempt).await
    }

    async fn describe(&self, name: &ObjectName) -> Result<Described, ObjectError> {
        self.run(Operation::Head, name.as_str(), || self.inner.describe(name)).await
    }

    async fn delete_many(&self, names: &[ObjectName]) -> Result<(), ObjectError> {
        let what = names.first().map_or("", ObjectName::as_str);
        self.run(Operation::Delete, what, || self.inner.delete_many(names)).await
    }

    fn uploads(&self) -> Option<&dyn Uploads> {
        self.inner.uploads().map(|_| self as &dyn Uploads)
    }
}

#[async_trait]
impl Uploads for Retrying {
    async fn begin(&self, name: &ObjectName, options: &PutOptions) -> Result<Upload, ObjectError> {
        let uploads = uploads_of(&*self.inner, name)?;
        self.run(Operation::Begin, name.as_str(), || uploads.begin(name, options)).await
    }

    async fn put_part(
        &self,
        upload: &Upload,
        place: PartPlace,
        payload: Payload,
    ) -> Result<Part, ObjectError> {
        let uploads = uploads_of(&*self.inner, &upload.name)?;
        let attempt = || uploads.put_part(upload, place, payload.clone());
        self.run(Operation::PutPart, upload.name.as_str(), attempt).await
    }

    /// An upload that is gone after a try without a clear answer was completed by that try, if an object of its size
    /// is there.
    async fn complete(&self, upload: &Upload, parts: &[Part]) -> Result<(), ObjectError> {
        let uploads = uploads_of(&*self.inner, &upload.name)?;
        let tried = AtomicBool::new(false);
        let attempt = || async {
            let is_second = tried.swap(true, Ordering::Relaxed);
            match uploads.complete(upload, parts).await {
                Err(error) if is_second && error.kind() == ErrorKind::NotFound => {
                    let size: u64 = parts.iter().map(|part| part.length).sum();
                    let is_there = self.inner.head(&upload.name).await.is_ok_and(|there| there.size == size);
                    if is_there { Ok(()) } else { Err(error) }
                }
                answer => answer,
            }
        };
        self.run(Operation::Complete, upload.name.as_str(), attempt).await
    }

    async fn abort(&self, upload: &Upload) -> Result<(), ObjectError> {
        let uploads = uploads_of(&*self.inner, &upload.name)?;
        self.run(Operation::Abort, upload.name.as_str(), || uploads.abort(upload)).await
    }

    async fn begun(&self, beginning: &str) -> Result<Vec<Begun>, ObjectError> {
        let uploads = uploads_of_any(&*self.inner)?;
        self.run(Operation::List, beginning, || uploads.begun(beginning)).await
    }

    async fn last_put(&self, upload: &Upload) -> Result<Option<SystemTime>, ObjectError> {
        let uploads = uploads_of(&*self.inner, &upload.name)?;
        self.run(Operation::List, upload.name.as_str(), || uploads.last_put(upload)).await
    }
}

impl fmt::Display for Retrying {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Fault, Faults, Faulty, open};

    fn policy(tries: u32) -> RetryPolicy {
        RetryPolicy { tries, ..RetryPolicy::produce() }
    }

    fn faulty(name: &str) -> (Arc<Faults>, Arc<dyn Objects>) {
        let faults = Arc::new(Faults::new(1));
        let inner = open(&format!("mem://retrying-{name}"), []).unwrap();
        (Arc::clone(&faults), Arc::new(Faulty::new(inner, faults)))
    }

    #[tokio::test(start_paused = true)]
    async fn what_fails_is_tried_as_often_as_the_policy_says() {
        let (faults, objects) = faulty("often");
        let name = "a".parse().unwrap();
        faults.next(Operation::Put, [Fault::Fail, Fault::Fail]);
        Retrying::new(Arc::clone(&objects), policy(3)).put(&name, Payload::from_static(b"x")).await.unwrap();
        faults.next(Operation::Get, [Fault::Fail, Fault::Fail]);
        let error = Retrying::new(objects, policy(2)).get(&name, 0..1).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Retry);
    }

    #[tokio::test(start_paused = true)]
    async fn what_can_not_go_better_is_not_tried_again() {
        let (faults, objects) = faulty("once");
        faults.next(Operation::Put, [Fault::Full]);
        let error = Retrying::new(objects, policy(9))
            .put(&"a".parse().unwrap(), Payload::from_static(b"x"))
            .await
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Internal);
        assert_eq!(faults.count(Operation::Put), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn a_try_without_an_answer_is_given_up() {
        let (faults, objects) = faulty("hangs");
        faults.next(Operation::Put, [Fault::Hang]);
        let name = "a".parse().unwrap();
        Retrying::new(objects, policy(2)).put(&name, Payload::from_static(b"x")).await.unwrap();
        assert_eq!(faults.count(Operation::Put), 2);
    }
}
