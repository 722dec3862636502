use std::time::SystemTime;

use async_trait::async_trait;

use crate::attributes::PutOptions;
use crate::error::{ErrorKind, ObjectError, Operation};
use crate::name::ObjectName;
use crate::objects::Objects;
use crate::payload::Payload;

/// Objects that are put in parts. Nobody sees anything of one until it is complete.
///
/// An upload that is neither completed nor aborted keeps its parts, and costs, until the store's own rules remove it.
///
/// # Cancel safety
/// Any call may be dropped. What was dropped may be done, at any later time.
#[async_trait]
pub trait Uploads: Send + Sync {
    /// Begins an object.
    ///
    /// # Errors
    /// `Invalid`: the store does not have one of the options, or not for objects in parts. `Retry`: an upload may
    /// have been begun that nobody knows of. `Internal`.
    async fn begin(&self, name: &ObjectName, options: &PutOptions) -> Result<Upload, ObjectError>;

    /// Puts a part, in any order, several at once, and again if need be. All but the last have at least
    /// [`SMALLEST_PART`] bytes, and there are at most [`MOST_PARTS`].
    ///
    /// # Errors
    /// `NotFound`: there is no such upload any more. `Retry`, `Internal`.
    async fn put_part(
        &self,
        upload: &Upload,
        place: PartPlace,
        payload: Payload,
    ) -> Result<Part, ObjectError>;

    /// Makes one object of the parts, which are given in their order; there is at least one. It is as durable as one
    /// that was put.
    ///
    /// # Errors
    /// `NotFound`: there is no such upload any more; it may be complete. `Retry`, `Internal`.
    async fn complete(&self, upload: &Upload, parts: &[Part]) -> Result<(), ObjectError>;

    /// Throws away what was put. That there is no such upload any more is no error.
    ///
    /// # Errors
    /// `Retry`, `Internal`.
    async fn abort(&self, upload: &Upload) -> Result<(), ObjectError>;

    /// The uploads, of anybody, that are neither complete nor aborted and whose names begin with a text: at most
    /// [`MOST_BEGUN`]. None where a store does not tell; those whose names are none of ours are left out.
    ///
    /// # Errors
    /// `Retry`, `Internal`: often who may put objects may not ask this.
    async fn begun(&self, beginning: &str) -> Result<Vec<Begun>, ObjectError>;

    /// When the last part was put, by the clock of the store; none where there is no part.
    ///
    /// # Errors
    /// `NotFound`: there is no such upload any more. `Invalid`: the store does not tell all parts. `Retry`, `Internal`.
    async fn last_put(&self, upload: &Upload) -> Result<Option<SystemTime>, ObjectError>;
}

/// The fewest bytes that S3 takes for a part that is not the last.
pub const SMALLEST_PART: u64 = 5 << 20;
/// The most parts that an object has on S3.
pub const MOST_PARTS: u32 = 10_000;

/// The most uploads that [`Uploads::begun`] tells.
pub const MOST_BEGUN: usize = 10_000;

/// An upload that somebody has begun.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Begun {
    /// The upload.
    pub upload: Upload,
    /// When it was begun, by the clock of the store.
    pub at: SystemTime,
}

/// An object that is put in parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Upload {
    /// What it will be called.
    pub name: ObjectName,
    pub(crate) id: String,
}

/// Where a part belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PartPlace {
    /// The parts before it.
    pub index: u32,
    /// The bytes before it.
    pub offset: u64,
}

/// A part that was put.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// Where it belongs.
    pub place: PartPlace,
    /// How many bytes it has.
    pub length: u64,
    pub(crate) id: String,
}

/// The uploads of a store, for this object.
pub(crate) fn uploads_of<'o>(
    objects: &'o dyn Objects,
    name: &ObjectName,
) -> Result<&'o dyn Uploads, ObjectError> {
    objects.uploads().ok_or_else(|| none(objects, name.as_str()))
}

/// The uploads of a store, for all its objects.
pub(crate) fn uploads_of_any(objects: &dyn Objects) -> Result<&dyn Uploads, ObjectError> {
    objects.uploads().ok_or_else(|| none(objects, ""))
}

fn none(objects: &dyn Objects, name: &str) -> ObjectError {
    let reason = format!("{objects} takes no objects in parts");
    ObjectError::new(Operation::Begin, name, ErrorKind::Invalid, reason)
}
