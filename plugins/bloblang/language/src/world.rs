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
    /// All metadata in order.
    fn metadata_all(&self, index: usize) -> Vec<(String, Value)>;
    /// Why processing of the message failed before, if it did.
    fn error(&self, index: usize) -> Option<&str>;
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
    /// Called now and then during a long evaluation, so that others may run.
    fn give_way(&mut self) {}
}

/// The world behind a shared reference, which an evaluation can hand around freely.
pub(crate) trait Outside {
    fn random_u64(&self) -> u64;
    fn now(&self) -> (i64, u32);
    fn env(&self, name: &str) -> Result<Option<String>, String>;
    fn hostname(&self) -> Result<String, String>;
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

    fn give_way(&self) {
        self.0.borrow_mut().give_way();
    }
}
