//! A small store of the component's own, which outlives the instance: it survives a trap and a new
//! version of the plugin, and is shared by the instances of all threads. It goes with the pipeline.
//! Natively, in tests, every thread has one without limits.

use crate::Error;

#[cfg(not(target_arch = "wasm32"))]
use native as host;

#[cfg(target_arch = "wasm32")]
use crate::bindings::capabilities::forebay::state::state as host;

/// The value of a key, if there is one.
#[must_use]
pub fn get(key: &str) -> Option<Vec<u8>> {
    host::get(key)
}

/// Sets a value, in place of an older one.
///
/// # Errors
/// When the store is full, or the key too long; nothing was changed.
pub fn set(key: &str, value: &[u8]) -> Result<(), Error> {
    host::set(key, value).map_err(Error::new)
}

/// Removes a value; whether there was one.
pub fn delete(key: &str) -> bool {
    host::delete(key)
}

/// The keys that begin with `prefix`, sorted.
#[must_use]
pub fn keys(prefix: &str) -> Vec<String> {
    host::keys(prefix)
}

/// Puts `value` in the place of `expected`, if that is what is there; whether it was. `None` stands
/// for no value. This is how instances that share the store count together.
///
/// # Errors
/// As [`set`].
pub fn compare_and_set(key: &str, expected: Option<&[u8]>, value: Option<&[u8]>) -> Result<bool, Error> {
    host::compare_and_set(key, expected, value).map_err(Error::new)
}

#[cfg(not(target_arch = "wasm32"))]
mod native {
    use std::cell::RefCell;
    use std::collections::BTreeMap;

    thread_local! {
        static STORE: RefCell<BTreeMap<String, Vec<u8>>> = const { RefCell::new(BTreeMap::new()) };
    }

    pub(super) fn get(key: &str) -> Option<Vec<u8>> {
        STORE.with_borrow(|store| store.get(key).cloned())
    }

    pub(super) fn set(key: &str, value: &[u8]) -> Result<(), String> {
        STORE.with_borrow_mut(|store| store.insert(key.to_owned(), value.to_vec()));
        Ok(())
    }

    pub(super) fn delete(key: &str) -> bool {
        STORE.with_borrow_mut(|store| store.remove(key).is_some())
    }

    pub(super) fn keys(prefix: &str) -> Vec<String> {
        STORE.with_borrow(|store| store.keys().filter(|key| key.starts_with(prefix)).cloned().collect())
    }

    pub(super) fn compare_and_set(
        key: &str,
        expected: Option<&[u8]>,
        value: Option<&[u8]>,
    ) -> Result<bool, String> {
        if get(key).as_deref() != expected {
            return Ok(false);
        }
        match value {
            Some(value) => set(key, value)?,
            None => drop(delete(key)),
        }
        Ok(true)
    }
}
