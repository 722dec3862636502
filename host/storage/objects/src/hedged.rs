use std::fmt;
use std::ops::Range;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::future::{Either, select};

use crate::attributes::PutOptions;
use crate::described::{Described, Fetched, ObjectVersion};
use crate::error::{ErrorKind, ObjectError};
use crate::name::{ObjectName, ObjectPrefix};
use crate::objects::{Listed, Objects};
use crate::payload::Payload;
use crate::uploads::{Begun, Part, PartPlace, Upload, Uploads, uploads_of, uploads_of_any};

/// Asks a second time for a range that is slow to come, and takes what comes first. Only reads: a put that is slow is
/// put under a second name by who writes segments, since the first one may land after the second.
#[derive(Debug)]
pub struct Hedged {
    inner: Arc<dyn Objects>,
    policy: RwLock<HedgePolicy>,
    /// Hundredths of second requests that may be made.
    credit: AtomicI64,
}

/// When to ask again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HedgePolicy {
    /// How long the first request has.
    pub after: Duration,
    /// How many of a hundred requests may be made twice, at most: a store that is slow because it has too much to do
    /// must not get twice as much.
    pub percent: u8,
}

/// Second requests that may be saved up, in hundredths.
const MOST_CREDIT: i64 = 10 * 100;

impl Default for HedgePolicy {
    fn default() -> Self {
        Self { after: Duration::from_millis(200), percent: 5 }
    }
}

impl Hedged {
    /// Reads of `inner`, by `policy`.
    #[must_use]
    pub fn new(inner: Arc<dyn Objects>, policy: HedgePolicy) -> Self {
        Self { inner, policy: RwLock::new(policy), credit: AtomicI64::new(MOST_CREDIT) }
    }

    /// Goes by another policy from now on.
    pub fn set_policy(&self, policy: HedgePolicy) {
        *self.policy.write().unwrap_or_else(PoisonError::into_inner) = policy;
    }

    /// What comes first of one read, or of two where the first is slow and there is credit.
    async fn twice<T, F>(&self, read: impl Fn() -> F + Send + Sync) -> Result<T, ObjectError>
    where
        T: Send,
        F: Future<Output = Result<T, ObjectError>> + Unpin + Send,
    {
        let policy = *self.policy.read().unwrap_or_else(PoisonError::into_inner);
        self.earn_credit(policy.percent);
        let patience = Box::pin(tokio::time::sleep(policy.after));
        let first = match select(read(), patience).await {
            Either::Left((answer, _)) => return answer,
            Either::Right(((), first)) => first,
        };
        if !self.take_credit() {
            return first.await;
        }
        match select(first, read()).await {
            // One that fails for now says nothing about the other.
            Either::Left((Err(error), other)) | Either::Right((Err(error), other))
                if error.kind() == ErrorKind::Retry =>
            {
                other.await
            }
            Either::Left((answer, _)) | Either::Right((answer, _)) => answer,
        }
    }

    fn take_credit(&self) -> bool {
        let taken = self.credit.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |credit| {
            (credit >= 100).then_some(credit - 100)
        });
        taken.is_ok()
    }

    fn earn_credit(&self, percent: u8) {
        let earn = |credit: i64| Some((credit + i64::from(percent)).min(MOST_CREDIT));
        // The function always has a value.
        let _ = self.credit.fetch_update(Ordering::Relaxed, Ordering::Relaxed, earn);
    }
}

#[deny(clippy::missing_trait_methods)]
#[async_trait]
impl Objects for Hedged {
    async fn put(&self, name: &ObjectName, payload: Payload) -> Result<(), ObjectError> {
        self.inner.put(name, payload).await
    }

    async fn get(&self, name: &ObjectName, range: Range<u64>) -> Result<Bytes, ObjectError> {
        self.twice(|| self.inner.get(name, range.clone())).await
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

    async fn remove_leftovers(&self, prefix: &ObjectPrefix) -> Result<usize, ObjectError> {
        self.inner.remove_leftovers(prefix).await
    }

    async fn delete(&self, name: &ObjectName) -> Result<(), ObjectError> {
        self.inner.delete(name).await
    }

    async fn put_with(
        &self,
        name: &ObjectName,
        payload: Payload,
        options: &PutOptions,
    ) -> Result<(), ObjectError> {
        self.inner.put_with(name, payload, options).await
    }

    async fn fetch(
        &self,
        name: &ObjectName,
        range: Range<u64>,
        version: Option<&ObjectVersion>,
    ) -> Result<Fetched, ObjectError> {
        self.twice(|| self.inner.fetch(name, range.clone(), version)).await
    }

    async fn describe(&self, name: &ObjectName) -> Result<Described, ObjectError> {
        self.inner.describe(name).await
    }

    async fn delete_many(&self, names: &[ObjectName]) -> Result<(), ObjectError> {
        self.inner.delete_many(names).await
    }

    fn uploads(&self) -> Option<&dyn Uploads> {
        self.inner.uploads().map(|_| self as &dyn Uploads)
    }
}

#[async_trait]
impl Uploads for Hedged {
    async fn begin(&self, name: &ObjectName, options: &PutOptions) -> Result<Upload, ObjectError> {
        uploads_of(&*self.inner, name)?.begin(name, options).await
    }

    async fn put_part(
        &self,
        upload: &Upload,
        place: PartPlace,
        payload: Payload,
    ) -> Result<Part, ObjectError> {
        uploads_of(&*self.inner, &upload.name)?.put_part(upload, place, payload).await
    }

    async fn complete(&self, upload: &Upload, parts: &[Part]) -> Result<(), ObjectError> {
        uploads_of(&*self.inner, &upload.name)?.complete(upload, parts).await
    }

    async fn abort(&self, upload: &Upload) -> Result<(), ObjectError> {
        uploads_of(&*self.inner, &upload.name)?.abort(upload).await
    }

    async fn begun(&self, beginning: &str) -> Result<Vec<Begun>, ObjectError> {
        uploads_of_any(&*self.inner)?.begun(beginning).await
    }

    async fn last_put(&self, upload: &Upload) -> Result<Option<SystemTime>, ObjectError> {
        uploads_of(&*self.inner, &upload.name)?.last_put(upload).await
    }
}

impl fmt::Display for Hedged {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Fault, Faults, Faulty, Operation, open};

    #[tokio::test(start_paused = true)]
    async fn a_slow_read_is_made_twice_within_the_credit() {
        let faults = Arc::new(Faults::new(1));
        let inner = open("mem://hedged", []).unwrap();
        let policy = HedgePolicy { after: Duration::from_millis(10), percent: 50 };
        let objects = Hedged::new(Arc::new(Faulty::new(inner, Arc::clone(&faults))), policy);
        let name = "a".parse().unwrap();
        objects.put(&name, Payload::from_static(b"abc")).await.unwrap();

        faults.next(Operation::Get, [Fault::Hang]);
        assert_eq!(objects.get(&name, 0..3).await.unwrap(), "abc");
        assert_eq!(faults.count(Operation::Get), 2);

        // The first fails late: the second one's answer counts.
        faults.next(Operation::Get, [Fault::FailAfter(Duration::from_millis(15))]);
        assert_eq!(objects.get(&name, 0..3).await.unwrap(), "abc");

        objects.credit.store(0, Ordering::Relaxed);
        faults.next(Operation::Get, [Fault::Delay(Duration::from_secs(1))]);
        let before = faults.count(Operation::Get);
        assert_eq!(objects.get(&name, 1..3).await.unwrap(), "bc");
        assert_eq!(faults.count(Operation::Get), before + 1);
    }
}
