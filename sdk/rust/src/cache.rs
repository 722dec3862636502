use std::time::Duration;

use crate::config::Config;
use crate::docs::Docs;
use crate::{Context, Error, Problem};

/// A store of small values, each under a key.
///
/// Life: `open`, then `connect` until it succeeds, then the four operations, then `close`.
pub trait Cache: Sized + 'static {
    /// `[a-z0-9_]+`
    const NAME: &'static str;
    const DOCS: Docs = Docs::DEFAULT;

    type Config: Config;

    /// Checks the configuration. Must not do any I/O.
    ///
    /// # Errors
    /// Says which field can't be used, and why.
    fn open(config: Self::Config, context: &Context) -> Result<Self, Problem>;

    /// Prepares for the operations.
    ///
    /// # Errors
    /// Tried again, with growing pauses.
    fn connect(&mut self) -> Result<(), Error> {
        Ok(())
    }

    /// The value; absent when there is none or it has expired.
    ///
    /// # Errors
    /// When the store can't say.
    fn get(&mut self, key: &str) -> Result<Option<Vec<u8>>, Error>;

    /// Sets a value, in place of an older one. It expires after `expiry`, where given.
    ///
    /// # Errors
    /// When it was not set.
    fn set(&mut self, key: &str, value: Vec<u8>, expiry: Option<Duration>) -> Result<(), Error>;

    /// Sets a value unless there is one; whether it was set.
    ///
    /// # Errors
    /// When the store can't say.
    fn add(&mut self, key: &str, value: Vec<u8>, expiry: Option<Duration>) -> Result<bool, Error>;

    /// Removes a value, if there is one.
    ///
    /// # Errors
    /// When it may still be there.
    fn delete(&mut self, key: &str) -> Result<(), Error>;

    fn close(self) {}
}
