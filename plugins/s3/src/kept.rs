//! Values in objects, for caches.

use std::rc::Rc;
use std::time::Duration;

use forebay_sdk::objects::{ObjectError, PutOptions, Store};
use forebay_sdk::{Error, Operation, waits};

use crate::stores::{Stores, about};

/// The longest value that is read: it has to fit into the memory of the plugin, more than once.
const LONGEST: usize = 64 << 20;
/// How long to wait before looking again whether an object is put.
const PAUSE: Duration = Duration::from_millis(1);

/// Keeps each value in an object of its own, whose name is the key. Nothing ever expires.
pub(crate) struct Kept {
    pub(crate) stores: Stores,
    pub(crate) bucket: String,
    /// What each object gets.
    pub(crate) options: PutOptions,
}

impl Kept {
    pub(crate) fn get(&mut self, key: &str) -> Result<Option<Vec<u8>>, Error> {
        match self.store().and_then(|store| store.get(key)) {
            Ok(mut opened) => {
                let read = opened.body.read_to_end(LONGEST);
                Ok(Some(read.map_err(|error| error.context(self.stores.shown(&self.bucket, key)))?))
            }
            Err(ObjectError::NotFound(_)) => Ok(None),
            Err(error) => Err(self.about(key, error)),
        }
    }

    pub(crate) fn set(&mut self, key: &str, value: &[u8]) -> Result<(), Error> {
        let started = self.store().and_then(|store| store.put(key, value, self.options.clone()));
        finish(&started.map_err(|error| self.about(key, error))?)
    }

    /// Of several that add the same key at once, each may be told that it did.
    pub(crate) fn add(&mut self, key: &str, value: &[u8]) -> Result<bool, Error> {
        match self.store().and_then(|store| store.head(key)) {
            Ok(_) => Ok(false),
            Err(ObjectError::NotFound(_)) => self.set(key, value).map(|()| true),
            Err(error) => Err(self.about(key, error)),
        }
    }

    pub(crate) fn delete(&mut self, key: &str) -> Result<(), Error> {
        let started = self.store().and_then(|store| store.delete(&[key.to_owned()]));
        finish(&started.map_err(|error| self.about(key, error))?)
    }

    fn store(&mut self) -> Result<Rc<Store>, ObjectError> {
        self.stores.bucket(&self.bucket)
    }

    fn about(&self, key: &str, error: ObjectError) -> Error {
        about(&self.stores.shown(&self.bucket, key), error)
    }
}

/// Waits for the end of an operation.
fn finish(operation: &Operation) -> Result<(), Error> {
    loop {
        if let Some(outcome) = operation.outcome() {
            return outcome;
        }
        // Nothing else wakes a cache.
        let _ = waits::wait(Some(PAUSE));
    }
}
