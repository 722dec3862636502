mod looking;

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use forebay_pipeline_config::{Label, nearest};

/// A cache that many use at once: one behind a task that owns a [`crate::Cache`], or one of the host.
///
/// Each call is done as a whole, in some order with the others; of many that `add` the same key at
/// once, one is told that it did.
///
/// # Cancel safety
/// Whether a call that is dropped was done is not known; the cache is not harmed.
#[async_trait]
pub trait SharedCache: Send + Sync {
    /// The value of a key that is there and has not expired.
    ///
    /// # Errors
    /// Why the cache can't say; worth another try.
    async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, String>;

    /// Sets a value in place of an older one. Without a time of its own it expires as the cache says.
    ///
    /// # Errors
    /// Why it may not be set; worth another try.
    async fn set(&self, key: &str, value: Vec<u8>, expires_after: Option<Duration>) -> Result<(), String>;

    /// Sets a value unless there is one; whether it did.
    ///
    /// # Errors
    /// Whether it was set is not known.
    async fn add(&self, key: &str, value: Vec<u8>, expires_after: Option<Duration>) -> Result<bool, String>;

    /// # Errors
    /// Why it may still be there; worth another try.
    async fn delete(&self, key: &str) -> Result<(), String>;
}

/// The caches of a pipeline, as one of its components sees them. Cheap to clone.
#[derive(Clone, Default)]
pub struct Caches {
    all: Arc<All>,
    /// The label of the component, where that is a cache itself.
    user: Option<Arc<str>>,
}

#[derive(Default)]
struct All {
    by_label: HashMap<Arc<str>, Arc<dyn SharedCache>>,
    /// Which cache waits for which. A cache serves one call at a time and waits for one at most, so
    /// that a chain from it is all that it waits for.
    waiting: Mutex<HashMap<Arc<str>, Arc<str>>>,
}

/// Why a call of a cache did not give a result.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CacheError {
    /// The pipeline has none with this label.
    #[error("there is no cache `{label}` among the cache_resources of this pipeline{hint}")]
    Unknown { label: String, hint: String },
    /// A cache that waited for this would wait for itself.
    #[error("cache `{user}` can't use cache `{label}`, which waits for it")]
    Circle { user: String, label: String },
    #[error("cache `{label}`: {reason}")]
    Failed { label: String, reason: String },
}

impl Caches {
    /// These caches.
    pub fn new(caches: impl IntoIterator<Item = (Label, Arc<dyn SharedCache>)>) -> Self {
        let by_label = caches.into_iter().map(|(label, cache)| (label.as_str().into(), cache)).collect();
        Self { all: Arc::new(All { by_label, waiting: Mutex::default() }), user: None }
    }

    /// The same as the cache with this label may use them.
    #[must_use]
    pub fn used_by(&self, label: &Label) -> Self {
        Self { all: Arc::clone(&self.all), user: Some(label.as_str().into()) }
    }

    /// The same for somebody who changes nothing: what is written is seen by the writer alone, for a while.
    #[must_use]
    pub fn looking(&self) -> Self {
        let looking = |(label, cache): (&Arc<str>, &Arc<dyn SharedCache>)| {
            let cache: Arc<dyn SharedCache> = Arc::new(looking::Looking::new(cache));
            (Arc::clone(label), cache)
        };
        let by_label = self.all.by_label.iter().map(looking).collect();
        Self { all: Arc::new(All { by_label, waiting: Mutex::default() }), user: None }
    }

    /// Whether there is a cache with this label.
    ///
    /// # Errors
    /// There is none; the error names the one that was probably meant.
    pub fn check(&self, label: &str) -> Result<(), CacheError> {
        self.find(label).map(drop)
    }

    /// As [`SharedCache::get`] of the cache with this label.
    ///
    /// # Errors
    /// When there is none, it waits for the caller, or it fails.
    pub async fn get(&self, label: &str, key: &str) -> Result<Option<Vec<u8>>, CacheError> {
        let (cache, _waiting) = self.enter(label)?;
        cache.get(key).await.map_err(failed(label))
    }

    /// As [`SharedCache::set`].
    ///
    /// # Errors
    /// As [`Caches::get`].
    pub async fn set(
        &self,
        label: &str,
        key: &str,
        value: Vec<u8>,
        expires_after: Option<Duration>,
    ) -> Result<(), CacheError> {
        let (cache, _waiting) = self.enter(label)?;
        cache.set(key, value, expires_after).await.map_err(failed(label))
    }

    /// As [`SharedCache::add`].
    ///
    /// # Errors
    /// As [`Caches::get`].
    pub async fn add(
        &self,
        label: &str,
        key: &str,
        value: Vec<u8>,
        expires_after: Option<Duration>,
    ) -> Result<bool, CacheError> {
        let (cache, _waiting) = self.enter(label)?;
        cache.add(key, value, expires_after).await.map_err(failed(label))
    }

    /// As [`SharedCache::delete`].
    ///
    /// # Errors
    /// As [`Caches::get`].
    pub async fn delete(&self, label: &str, key: &str) -> Result<(), CacheError> {
        let (cache, _waiting) = self.enter(label)?;
        cache.delete(key).await.map_err(failed(label))
    }

    fn enter(&self, label: &str) -> Result<(&Arc<dyn SharedCache>, Option<Waiting<'_>>), CacheError> {
        let (known, cache) = self.find(label)?;
        let waiting = self.user.as_ref().map(|user| self.all.wait(user, known)).transpose()?;
        Ok((cache, waiting))
    }

    fn find(&self, label: &str) -> Result<(&Arc<str>, &Arc<dyn SharedCache>), CacheError> {
        self.all.by_label.get_key_value(label).ok_or_else(|| {
            let labels = self.all.by_label.keys().map(AsRef::as_ref);
            let hint =
                nearest(label, labels).map_or_else(String::new, |near| format!(", did you mean `{near}`?"));
            CacheError::Unknown { label: label.to_owned(), hint }
        })
    }
}

impl All {
    /// Notes that the cache `user` waits for another, unless that comes back to itself. Two that
    /// start to wait for each other at once are told apart by the lock: the second is refused.
    fn wait(&self, user: &Arc<str>, label: &Arc<str>) -> Result<Waiting<'_>, CacheError> {
        let mut waiting = self.waiting();
        let mut at = Some(label);
        while let Some(cache) = at {
            if cache == user {
                return Err(CacheError::Circle { user: user.to_string(), label: label.to_string() });
            }
            at = waiting.get(cache);
        }
        waiting.insert(Arc::clone(user), Arc::clone(label));
        Ok(Waiting { all: self, user: Arc::clone(user) })
    }

    fn waiting(&self) -> MutexGuard<'_, HashMap<Arc<str>, Arc<str>>> {
        // Nothing that holds it can leave it half changed.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// That a cache waits; until it is dropped.
struct Waiting<'a> {
    all: &'a All,
    user: Arc<str>,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.all.waiting().remove(&self.user);
    }
}

fn failed(label: &str) -> impl FnOnce(String) -> CacheError {
    move |reason| CacheError::Failed { label: label.to_owned(), reason }
}

impl fmt::Debug for Caches {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Caches")
            .field("labels", &self.all.by_label.keys())
            .field("user", &self.user)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
