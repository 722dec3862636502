//! Objects: immutable bytes under unique names in a bucket, in a folder or in memory.
//!
//! [`Objects`] is the seam. [`open`] makes one from a URL; decorators of the same trait add what a store itself does
//! not have: [`Retrying`], [`Hedged`], [`Limited`], [`Measured`], and for tests [`Faulty`]. The stores themselves
//! never try anything twice, so that there is one place that does. [`ObjectReader`] and [`ObjectWriter`] stand on them:
//! objects of any size, in blocks and parts that go in parallel, with a few of them in memory.
//!
//! What this is not: a commit point. A put says that the bytes are durable under a name, and nothing else; a put that
//! failed may have landed all the same. Nobody relies on conditional puts, because a folder has none and because S3
//! may report that one failed although it landed. The metadata store decides what counts.
//!
//! ```
//! # async fn f() -> Result<(), Box<dyn std::error::Error>> {
//! use forebay_storage_objects::{Objects as _, Payload, open};
//! let objects = open("mem://example", std::iter::empty())?;
//! objects.put(&"segments/1".parse()?, Payload::from_static(b"abc")).await?;
//! assert_eq!(objects.get(&"segments/1".parse()?, 1..3).await?, "bc");
//! # Ok(()) }
//! ```

mod attributes;
mod backend;
#[cfg(feature = "conformance")]
pub mod conformance;
mod described;
mod error;
mod faulty;
mod hedged;
mod leftovers;
mod limited;
mod listing;
mod measured;
mod name;
mod objects;
mod open;
mod payload;
mod reader;
mod retrying;
mod stale;
mod uploads;
mod writer;

pub use attributes::{Attributes, PutOptions};
pub use described::{Described, Fetched, ObjectVersion};
pub use error::{ErrorKind, ObjectError, Operation};
pub use faulty::{Fault, Faults, Faulty};
pub use hedged::{HedgePolicy, Hedged};
pub use limited::{Limited, Limits};
pub use listing::list_beginning;
pub use measured::Measured;
pub use name::{InvalidName, ObjectName, ObjectPrefix};
pub use objects::{Listed, Objects};
pub use open::{
    LONGEST_POLL, MOST_MESSAGES, OpenError, ProfileError, Queue, QueueError, QueueMessage, Settings, open,
    open_with,
};
pub use payload::Payload;
pub use reader::{ObjectReader, ReadPolicy};
pub use retrying::{RetryPolicy, Retrying};
pub use stale::{abort_stale, uploads_like};
pub use uploads::{Begun, MOST_BEGUN, MOST_PARTS, Part, PartPlace, SMALLEST_PART, Upload, Uploads};
pub use writer::{ObjectWriter, WritePolicy};
