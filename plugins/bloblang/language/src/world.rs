//! What a mapping sees of the outside: the messages of a batch, and a few questions to the world.

use std::cell::RefCell;

use crate::value::Value;

/// The messages of one batch, as they were before the mapping ran.
///
/// Indexes are below [`Messages::len`]; an implementation answers anything else as an empty message would.
pub trait Messages {
    fn len(&self) -> usize;
    fn is_empty(&self) -> bool {
        self.len() == 0
    }
    fn content(&self, index: usize) -> &[u8];
    fn metadata_get(&self, index: usize, key: &str) -> Option<Value>;
    /// Metadata that is text or bytes, as it is. `None` also where only [`Messages::metadata_get`] has it.
    fn metadata_bytes(&self, index: usize, key: &str) -> Option<&[u8]> {
        let _ = (index, key);
        None
    }
    /// All metadata in order.
    fn metadata_all(&self, index: usize) -> Vec<(String, Value)>;
    /// Why processing of the message failed before, if it did.
    fn error(&self, index: usize) -> Option<&str>;
    /// Which component that was, if it is known.
    fn error_source(&self, index: usize) -> Option<ErrorSource<'_>> {
        let _ = index;
        None
    }
    /// The identity of the trace that the message belongs to, if it belongs to one: 32 hexadecimal digits.
    fn trace_id(&self, index: usize) -> Option<String> {
        let _ = index;
        None
    }
    /// The trace context of the message as the headers that would carry it on.
    fn trace_headers(&self, index: usize) -> Option<Vec<(String, String)>> {
        let _ = index;
        None
    }
    /// The identity that the message got where it came in, if it got one.
    fn flow_id(&self, index: usize) -> Option<String> {
        let _ = index;
        None
    }
}

/// The component in which processing of a message failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ErrorSource<'m> {
    pub name: &'m str,
    pub label: &'m str,
    /// Where it is in the configuration, as `root.pipeline.processors.0`.
    pub path: &'m str,
}

/// The batch of what is evaluated for no message: constants, and mappings made at run time.
pub(crate) struct NoMessages;

impl Messages for NoMessages {
    fn len(&self) -> usize {
        0
    }

    fn content(&self, _: usize) -> &[u8] {
        &[]
    }

    fn metadata_get(&self, _: usize, _: &str) -> Option<Value> {
        None
    }

    fn metadata_all(&self, _: usize) -> Vec<(String, Value)> {
        Vec::new()
    }

    fn error(&self, _: usize) -> Option<&str> {
        None
    }
}

/// What a mapping may ask of the outside world.
pub trait World {
    fn random_u64(&mut self) -> u64;
    /// Seconds since 1970 and nanoseconds.
    fn now(&mut self) -> (i64, u32);
    /// A variable of the environment.
    ///
    /// # Errors
    /// Why it may not be read. A variable that is not set is no error.
    fn env(&mut self, name: &str) -> Result<Option<String>, String>;
    /// The name of the host.
    ///
    /// # Errors
    /// Why it is not known.
    fn hostname(&mut self) -> Result<String, String>;
    /// The zone of the IANA database that "local" means; `None` is UTC.
    fn zone(&mut self) -> Option<String> {
        None
    }
    /// The whole content of a file. A path that is not absolute starts at the directory of the process.
    ///
    /// # Errors
    /// Why it cannot be read, as `open PATH: no such file or directory` or in words of the host.
    fn read_file(&mut self, path: &str) -> Result<Vec<u8>, String> {
        Err(format!("open {path}: files are not available here"))
    }
    /// The same, but a path that is not absolute starts at the directory of the mapping, where that came from a file.
    ///
    /// # Errors
    /// As for [`World::read_file`].
    fn read_file_beside(&mut self, path: &str) -> Result<Vec<u8>, String> {
        self.read_file(path)
    }
    /// What a cache holds under a key.
    ///
    /// # Errors
    /// `key does not exist` when it holds nothing; otherwise why it could not be asked.
    fn cache_get(&mut self, cache: &str, key: &str) -> Result<Vec<u8>, String> {
        let _ = key;
        Err(no_cache(cache))
    }
    /// Puts a value into a cache, over what is there.
    ///
    /// # Errors
    /// Why it was not stored.
    fn cache_set(&mut self, cache: &str, key: &str, value: &[u8]) -> Result<(), String> {
        let _ = (key, value);
        Err(no_cache(cache))
    }
    /// Puts a value into a cache if nothing is there: looking and storing are one step.
    ///
    /// # Errors
    /// `key already exists` when something is; otherwise why it was not stored.
    fn cache_add(&mut self, cache: &str, key: &str, value: &[u8]) -> Result<(), String> {
        let _ = (key, value);
        Err(no_cache(cache))
    }
    /// Takes a key out of a cache; one that is not there is no error.
    ///
    /// # Errors
    /// Why the cache could not do it.
    fn cache_delete(&mut self, cache: &str, key: &str) -> Result<(), String> {
        let _ = key;
        Err(no_cache(cache))
    }
    /// Counts the calls for one name, from 1, for all mappings of the process together. `None`: nobody counts, and the
    /// mapping counts for itself.
    fn count(&mut self, name: &str) -> Option<i64> {
        let _ = name;
        None
    }
    /// Called now and then during a long evaluation, so that others may run.
    fn give_way(&mut self) {}
}

fn no_cache(name: &str) -> String {
    format!("unable to locate resource: {name}")
}

/// The world behind a shared reference, which an evaluation can hand around freely.
pub(crate) trait Outside {
    fn random_u64(&self) -> u64;
    fn now(&self) -> (i64, u32);
    fn env(&self, name: &str) -> Result<Option<String>, String>;
    fn hostname(&self) -> Result<String, String>;
    fn zone(&self) -> Option<String>;
    fn read_file(&self, path: &str) -> Result<Vec<u8>, String>;
    fn read_file_beside(&self, path: &str) -> Result<Vec<u8>, String>;
    fn cache_get(&self, cache: &str, key: &str) -> Result<Vec<u8>, String>;
    fn cache_set(&self, cache: &str, key: &str, value: &[u8]) -> Result<(), String>;
    fn cache_add(&self, cache: &str, key: &str, value: &[u8]) -> Result<(), String>;
    fn cache_delete(&self, cache: &str, key: &str) -> Result<(), String>;
    fn count(&self, name: &str) -> Option<i64>;
    fn give_way(&self);
}

/// No answer runs a query, so the cell is never borrowed twice.
pub(crate) struct Shared<'w>(RefCell<&'w mut dyn World>);

impl<'w> Shared<'w> {
    pub(crate) fn new(world: &'w mut dyn World) -> Self {
        Self(RefCell::new(world))
    }
}

impl Outside for Shared<'_> {
    fn random_u64(&self) -> u64 {
        self.0.borrow_mut().random_u64()
    }

    fn now(&self) -> (i64, u32) {
        self.0.borrow_mut().now()
    }

    fn env(&self, name: &str) -> Result<Option<String>, String> {
        self.0.borrow_mut().env(name)
    }

    fn hostname(&self) -> Result<String, String> {
        self.0.borrow_mut().hostname()
    }

    fn zone(&self) -> Option<String> {
        self.0.borrow_mut().zone()
    }

    fn read_file(&self, path: &str) -> Result<Vec<u8>, String> {
        self.0.borrow_mut().read_file(path)
    }

    fn read_file_beside(&self, path: &str) -> Result<Vec<u8>, String> {
        self.0.borrow_mut().read_file_beside(path)
    }

    fn cache_get(&self, cache: &str, key: &str) -> Result<Vec<u8>, String> {
        self.0.borrow_mut().cache_get(cache, key)
    }

    fn cache_set(&self, cache: &str, key: &str, value: &[u8]) -> Result<(), String> {
        self.0.borrow_mut().cache_set(cache, key, value)
    }

    fn cache_add(&self, cache: &str, key: &str, value: &[u8]) -> Result<(), String> {
        self.0.borrow_mut().cache_add(cache, key, value)
    }

    fn cache_delete(&self, cache: &str, key: &str) -> Result<(), String> {
        self.0.borrow_mut().cache_delete(cache, key)
    }

    fn count(&self, name: &str) -> Option<i64> {
        self.0.borrow_mut().count(name)
    }

    fn give_way(&self) {
        self.0.borrow_mut().give_way();
    }
}
