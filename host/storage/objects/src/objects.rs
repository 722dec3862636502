use std::fmt;
use std::ops::Range;
use std::time::SystemTime;

use async_trait::async_trait;
use bytes::Bytes;

use crate::attributes::PutOptions;
use crate::described::{Described, Fetched, ObjectVersion};
use crate::error::{ErrorKind, ObjectError, Operation};
use crate::name::{ObjectName, ObjectPrefix};
use crate::payload::Payload;
use crate::uploads::Uploads;

/// Objects under names.
///
/// An object is written whole and once; whoever writes chooses a name that nobody else will ever choose. Errors say
/// by their kind what to do. What has a body here is refused by those who only need the rest.
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

    /// As `put`, with more than the bytes.
    ///
    /// # Errors
    /// As those of `put`. `Invalid`: the store does not have one of the options.
    async fn put_with(
        &self,
        name: &ObjectName,
        payload: Payload,
        options: &PutOptions,
    ) -> Result<(), ObjectError> {
        if options.is_empty() {
            return self.put(name, payload).await;
        }
        let reason = format!("{self} takes nothing beside the bytes of an object");
        Err(ObjectError::new(Operation::Put, name, ErrorKind::Invalid, reason))
    }

    /// As `get`, with what is known of the object; of `version`, where that is given.
    ///
    /// # Errors
    /// As those of `get`. `Invalid`: it has another version by now.
    async fn fetch(
        &self,
        name: &ObjectName,
        range: Range<u64>,
        version: Option<&ObjectVersion>,
    ) -> Result<Fetched, ObjectError> {
        if version.is_some() {
            let reason = format!("{self} tells no versions");
            return Err(ObjectError::new(Operation::Get, name, ErrorKind::Invalid, reason));
        }
        let bytes = self.get(name, range).await?;
        Ok(Fetched { described: self.describe(name).await?, bytes })
    }

    /// As `head`, with what the object says of itself.
    ///
    /// # Errors
    /// `NotFound`, `Retry`, `Internal`.
    async fn describe(&self, name: &ObjectName) -> Result<Described, ObjectError> {
        let listed = self.head(name).await?;
        Ok(Described { listed, version: None, version_id: None, attributes: crate::Attributes::default() })
    }

    /// Makes sure that none of these objects is there. After an error some may be gone.
    ///
    /// # Errors
    /// `Retry`, `Internal`.
    async fn delete_many(&self, names: &[ObjectName]) -> Result<(), ObjectError> {
        for name in names {
            self.delete(name).await?;
        }
        Ok(())
    }

    /// How objects are put in parts, where the store can do that.
    fn uploads(&self) -> Option<&dyn Uploads> {
        None
    }
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
