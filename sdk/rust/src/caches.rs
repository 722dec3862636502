//! The caches of the pipeline, by label. A field of the type
//! [`CacheLabel`](crate::config::CacheLabel) holds one. Every call waits for its answer; none may be
//! made by `open`. Natively, in tests, there is one for every label, and each thread has its own.

use std::fmt;
use std::time::Duration;

#[cfg(not(target_arch = "wasm32"))]
use native as host;

#[cfg(target_arch = "wasm32")]
use wasm as host;

/// Why a cache did not do what it was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CacheError {
    /// The pipeline has none with this label.
    Unknown(String),
    /// Worth another try.
    Failed(String),
}

/// The value; absent when there is none or it has expired.
///
/// # Errors
/// When there is no such cache, or it can't say.
pub fn get(cache: &str, key: &str) -> Result<Option<Vec<u8>>, CacheError> {
    host::get(cache, key)
}

/// Sets a value, in place of an older one. It expires after `expiry`, or else as the cache says.
///
/// # Errors
/// When it may not be set.
pub fn set(cache: &str, key: &str, value: &[u8], expiry: Option<Duration>) -> Result<(), CacheError> {
    host::set(cache, key, value, expiry)
}

/// Sets a value unless there is one; whether it was set. Of many who add a key at once, one is told so.
///
/// # Errors
/// When it may or may not be set.
pub fn add(cache: &str, key: &str, value: &[u8], expiry: Option<Duration>) -> Result<bool, CacheError> {
    host::add(cache, key, value, expiry)
}

/// Removes a value, if there is one.
///
/// # Errors
/// When it may still be there.
pub fn delete(cache: &str, key: &str) -> Result<(), CacheError> {
    host::delete(cache, key)
}

impl fmt::Display for CacheError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown(message) | Self::Failed(message) => f.write_str(message),
        }
    }
}

impl std::error::Error for CacheError {}

#[cfg(target_arch = "wasm32")]
mod wasm {
    use std::time::Duration;

    use super::CacheError;
    use crate::bindings::capabilities::forebay::caches::caches as wit;

    pub(super) fn get(cache: &str, key: &str) -> Result<Option<Vec<u8>>, CacheError> {
        Ok(wit::get(cache, key)?)
    }

    pub(super) fn set(
        cache: &str,
        key: &str,
        value: &[u8],
        expiry: Option<Duration>,
    ) -> Result<(), CacheError> {
        Ok(wit::set(cache, key, value, expiry.map(nanoseconds))?)
    }

    pub(super) fn add(
        cache: &str,
        key: &str,
        value: &[u8],
        expiry: Option<Duration>,
    ) -> Result<bool, CacheError> {
        Ok(wit::add(cache, key, value, expiry.map(nanoseconds))?)
    }

    pub(super) fn delete(cache: &str, key: &str) -> Result<(), CacheError> {
        Ok(wit::delete(cache, key)?)
    }

    fn nanoseconds(time: Duration) -> u64 {
        u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
    }

    impl From<wit::CacheError> for CacheError {
        fn from(error: wit::CacheError) -> Self {
            match error {
                wit::CacheError::Unknown(message) => Self::Unknown(message),
                wit::CacheError::Failed(message) => Self::Failed(message),
            }
        }
    }
}

#[cfg(not(target_arch = "wasm32"))]
mod native {
    use std::cell::RefCell;
    use std::collections::HashMap;
    use std::time::Duration;

    use super::CacheError;
    use crate::time;

    struct Kept {
        value: Vec<u8>,
        expires: Option<Duration>,
    }

    thread_local! {
        static KEPT: RefCell<HashMap<(String, String), Kept>> = RefCell::default();
    }

    fn id(cache: &str, key: &str) -> (String, String) {
        (cache.to_owned(), key.to_owned())
    }

    pub(super) fn get(cache: &str, key: &str) -> Result<Option<Vec<u8>>, CacheError> {
        let is_there = |kept: &&Kept| kept.expires.is_none_or(|expires| expires > time::monotonic());
        Ok(KEPT.with_borrow(|all| all.get(&id(cache, key)).filter(is_there).map(|kept| kept.value.clone())))
    }

    pub(super) fn set(
        cache: &str,
        key: &str,
        value: &[u8],
        expiry: Option<Duration>,
    ) -> Result<(), CacheError> {
        let kept = Kept { value: value.to_vec(), expires: expiry.map(|expiry| time::monotonic() + expiry) };
        KEPT.with_borrow_mut(|all| all.insert(id(cache, key), kept));
        Ok(())
    }

    pub(super) fn add(
        cache: &str,
        key: &str,
        value: &[u8],
        expiry: Option<Duration>,
    ) -> Result<bool, CacheError> {
        if get(cache, key)?.is_some() {
            return Ok(false);
        }
        set(cache, key, value, expiry).map(|()| true)
    }

    pub(super) fn delete(cache: &str, key: &str) -> Result<(), CacheError> {
        KEPT.with_borrow_mut(|all| all.remove(&id(cache, key)));
        Ok(())
    }
}
