use std::fmt;
use std::ops::Range;
use std::time::SystemTime;

use async_trait::async_trait;
use bytes::Bytes;

use crate::error::ObjectError;
use crate::name::{ObjectName, ObjectPrefix};
use crate::payload::Payload;

/// Objects under names.
///
/// An object is written whole and once; whoever writes chooses a name that nobody else will ever choose. Errors say
/// by their kind what to do.
///
/// # Cancel safety
/// Any call may be dropped. A put that was dropped may land, at any later time; so may a delete take effect.
#[async_trait]
pub trait Objects: fmt::Debug + fmt::Display + Send + Sync {
    /// Writes an object. When this returns, its bytes and its name survive a loss of power, every reader sees it
    /// whole, and every list has it. The same bytes may be put again under the same name.
    ///
    /// # Errors
    /// `Retry`: it may have landed, or may land later. `Internal`: nothing of the kind works until somebody helps.
    async fn put(&self, name: &ObjectName, payload: Payload) -> Result<(), ObjectError>;

    /// The bytes of a range of an object: fewer than the range says only where the object ends. So who does not know
    /// how long it is may ask for whole blocks.
    ///
    /// # Errors
    /// `NotFound`; `Invalid` when the range begins at the end of the object or beyond; `Retry`; `Internal`.
    async fn get(&self, name: &ObjectName, range: Range<u64>) -> Result<Bytes, ObjectError>;

    /// What is known of an object.
    ///
    /// # Errors
    /// `NotFound`, `Retry`, `Internal`.
    async fn head(&self, name: &ObjectName) -> Result<Listed, ObjectError>;

    /// Up to `most` objects under a prefix in the order of their names, beginning behind `after`: fewer only when
    /// there are no more.
    ///
    /// # Errors
    /// `Retry`, `Internal`.
    async fn list(
        &self,
        prefix: &ObjectPrefix,
        after: Option<&ObjectName>,
        most: usize,
    ) -> Result<Vec<Listed>, ObjectError>;

    /// Removes what puts of killed processes have left under a prefix, where a store has such things that no list shows:
    /// those to which nothing has been written for a day. Returns how many there were. Only for a prefix under which
    /// nobody else writes.
    ///
    /// # Errors
    /// `Retry`, `Internal`.
    async fn remove_leftovers(&self, _prefix: &ObjectPrefix) -> Result<usize, ObjectError> {
        Ok(0)
    }

    /// Makes sure that an object is not there. That it was not there before is no error.
    ///
    /// # Errors
    /// `Retry`, `Internal`.
    async fn delete(&self, name: &ObjectName) -> Result<(), ObjectError>;
}

/// An object that is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// Its name.
    pub name: ObjectName,
    /// How many bytes it has.
    pub size: u64,
    /// When it was written, by the clock of the store.
    pub modified: SystemTime,
}
