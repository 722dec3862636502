//! Objects in buckets: `s3://` and what speaks as it does, `gs://`, `azblob://`. What is granted is buckets with
//! prefixes; natively there are those that a test makes (`testing::stores`).
//!
//! ```
//! use forebay_sdk::config::Secret;
//! use forebay_sdk::objects::{ObjectError, PutOptions, Store};
//! # use forebay_sdk::{Batch, Operation};
//!
//! fn store(key: &str, secret: &Secret) -> Result<Store, ObjectError> {
//!     let settings = [("region", "eu-west-1".into()), ("access_key_id", key.into()), ("secret_access_key", secret.into())];
//!     Store::open("s3://lake/raw", settings)
//! }
//!
//! fn put(store: &Store, messages: &Batch) -> Result<Operation, ObjectError> {
//!     store.put_batch("day=2026-01-02/1.json", messages, b"\n", PutOptions::default().content_type("application/json"))
//! }
//! ```

mod options;
mod queue;

use std::fmt;
use std::time::Duration;

pub use options::{Attributes, PutOptions};
pub use queue::{Queue, QueueMessage};

use crate::Batch;
use crate::bindings::capabilities::forebay::objects::objects as wit;
use crate::bindings::capabilities::forebay::plugin::batches::Timestamp;
use crate::http::Text;
use crate::operation::Operation;
use crate::streams::ByteStream;

/// Why an object can't be had.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ObjectError {
    NotFound(String),
    /// The grant that is missing.
    Denied(String),
    /// It can't be done at all: a name, an option that the store does not have, a setting.
    Invalid(String),
    /// It may go better later; the host has tried several times.
    Unavailable(String),
    Other(String),
}

/// What a list says of an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectSummary {
    pub name: String,
    /// Bytes.
    pub size: u64,
    /// Since 1970-01-01T00:00:00Z.
    pub modified: Duration,
}

/// All that is known of an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectDetails {
    pub summary: ObjectSummary,
    pub attributes: Attributes,
    /// By what name this content can be had when there is a newer one, in buckets that keep versions.
    pub version: Option<String>,
}

/// An object that is being opened. Dropped before it is finished, it is given up.
pub struct Opening(Begun);

enum Begun {
    Host(wit::Opening),
    #[cfg(not(target_arch = "wasm32"))]
    Memory(Box<Result<OpenedObject, ObjectError>>),
}

/// An object that is read.
#[derive(Debug)]
pub struct OpenedObject {
    pub details: ObjectDetails,
    /// The bytes. It fails when the object is replaced meanwhile.
    pub body: ByteStream,
}

/// A bucket, or a part of one. Names are relative to the path of its url.
pub struct Store(Place);

enum Place {
    Host(wit::Store),
    #[cfg(not(target_arch = "wasm32"))]
    Memory(crate::testing::MemoryStore),
}

/// An object that is put in parts while its bytes are made. Dropped before it is finished, it leaves nothing behind.
pub struct Upload(Parts);

enum Parts {
    Host(wit::Upload),
    #[cfg(not(target_arch = "wasm32"))]
    Memory(Box<std::cell::RefCell<crate::testing::MemoryUpload>>),
}

impl Store {
    /// Opens a store by its url, or one that the operator has named; nothing is sent yet. Settings are what the
    /// parameters of the url could be, and may be secrets.
    ///
    /// # Errors
    /// When it is not granted, or a setting is wrong.
    pub fn open<'a>(
        url: &str,
        settings: impl IntoIterator<Item = (&'a str, Text)>,
    ) -> Result<Self, ObjectError> {
        let settings: Vec<_> = settings.into_iter().collect();
        #[cfg(not(target_arch = "wasm32"))]
        if let Some(store) = crate::testing::open_store(url, &settings) {
            return store.map(|store| Self(Place::Memory(store)));
        }
        let settings = settings
            .into_iter()
            .map(|(name, value)| wit::Setting { name: name.to_owned(), value: value.into_wit() });
        let settings: Vec<_> = settings.collect();
        granted(|| Ok(Self(Place::Host(wit::Store::open(url, &settings)?))))
    }

    /// What is known of an object.
    ///
    /// # Errors
    /// When it is not there, or may not be read.
    pub fn head(&self, name: &str) -> Result<ObjectDetails, ObjectError> {
        match &self.0 {
            Place::Host(store) => Ok(store.head(name)?.into()),
            #[cfg(not(target_arch = "wasm32"))]
            Place::Memory(store) => store.head(name),
        }
    }

    /// Up to `most` (at most 1,000) objects whose names begin with `prefix`, in the order of their names, beginning
    /// behind `after`. Fewer only when there are no more.
    ///
    /// # Errors
    /// When they may not be read.
    pub fn list(
        &self,
        prefix: &str,
        after: Option<&str>,
        most: u32,
    ) -> Result<Vec<ObjectSummary>, ObjectError> {
        match &self.0 {
            Place::Host(store) => {
                Ok(store.list(prefix, after, most)?.into_iter().map(ObjectSummary::from).collect())
            }
            #[cfg(not(target_arch = "wasm32"))]
            Place::Memory(store) => store.list(prefix, after, most),
        }
    }

    /// Opens an object to read it. The stream may be handed to the host, for a scanner.
    ///
    /// # Errors
    /// When it is not there, or may not be read.
    pub fn get(&self, name: &str) -> Result<OpenedObject, ObjectError> {
        match &self.0 {
            Place::Host(store) => {
                let wit::Opened { details, body } = store.get(name)?;
                Ok(OpenedObject { details: details.into(), body: body.into() })
            }
            #[cfg(not(target_arch = "wasm32"))]
            Place::Memory(store) => store.get(name),
        }
    }

    /// Starts to open an object. Several may be under way, each with its first 4 MiB.
    ///
    /// # Errors
    /// When it may not be read, or too many are open.
    pub fn start_get(&self, name: &str) -> Result<Opening, ObjectError> {
        match &self.0 {
            Place::Host(store) => Ok(Opening(Begun::Host(store.start_get(name)?))),
            #[cfg(not(target_arch = "wasm32"))]
            Place::Memory(store) => Ok(Opening(Begun::Memory(Box::new(store.start_get(name)?)))),
        }
    }

    /// Starts to put an object as a whole: nobody sees a part of it.
    ///
    /// # Errors
    /// When it may not be written, or too much is under way.
    pub fn put(&self, name: &str, content: &[u8], options: PutOptions) -> Result<Operation, ObjectError> {
        match &self.0 {
            Place::Host(store) => Ok(store.put(name, content, &options.into())?.into()),
            #[cfg(not(target_arch = "wasm32"))]
            Place::Memory(store) => store.put(name, content.to_vec(), options),
        }
    }

    /// As `put`, with the payloads of a batch, each followed by `delimiter` unless it ends with it. They do not pass
    /// through the guest.
    ///
    /// # Errors
    /// As those of `put`.
    pub fn put_batch(
        &self,
        name: &str,
        messages: &Batch,
        delimiter: &[u8],
        options: PutOptions,
    ) -> Result<Operation, ObjectError> {
        match &self.0 {
            #[cfg(target_arch = "wasm32")]
            Place::Host(store) => {
                let messages = messages.handle().resource();
                Ok(store.put_batch(name, messages, delimiter, &options.into())?.into())
            }
            #[cfg(not(target_arch = "wasm32"))]
            Place::Host(_) => unreachable!("there is no host natively"),
            #[cfg(not(target_arch = "wasm32"))]
            Place::Memory(store) => store.put_batch(name, messages, delimiter, options),
        }
    }

    /// As `put`, with all that a stream gives, in parts while it comes.
    ///
    /// # Errors
    /// As those of `put`.
    pub fn put_stream(
        &self,
        name: &str,
        body: ByteStream,
        options: PutOptions,
    ) -> Result<Operation, ObjectError> {
        let store = match &self.0 {
            Place::Host(store) => store,
            #[cfg(not(target_arch = "wasm32"))]
            Place::Memory(store) => return store.put_stream(name, body, options),
        };
        let Some(body) = body.into_host() else {
            return Err(ObjectError::Invalid("the stream is none of the host's".to_owned()));
        };
        Ok(store.put_stream(name, body, &options.into())?.into())
    }

    /// Starts to put an object in parts while its bytes are made.
    ///
    /// # Errors
    /// As those of `put`.
    pub fn begin(&self, name: &str, options: PutOptions) -> Result<Upload, ObjectError> {
        match &self.0 {
            Place::Host(store) => Ok(Upload(Parts::Host(store.begin(name, &options.into())?))),
            #[cfg(not(target_arch = "wasm32"))]
            Place::Memory(store) => {
                let upload = store.begin(name, options)?;
                Ok(Upload(Parts::Memory(Box::new(upload.into()))))
            }
        }
    }

    /// Starts to delete objects, at most 1,000. That one was not there is no error.
    ///
    /// # Errors
    /// When one may not be deleted, or too much is under way.
    pub fn delete(&self, names: &[String]) -> Result<Operation, ObjectError> {
        match &self.0 {
            Place::Host(store) => Ok(store.delete(names)?.into()),
            #[cfg(not(target_arch = "wasm32"))]
            Place::Memory(store) => store.delete(names),
        }
    }

    /// Looks for the uploads that are there now, of whoever has begun them, whose names begin and end so (without an end:
    /// that of exactly this name), and starts to abort each as soon as nothing has been put to it for a time. The
    /// operation ends when none of them is left; it is given up when it is dropped.
    ///
    /// # Errors
    /// When objects of such names may not be written, or the store does not tell.
    pub fn abort_stale(
        &self,
        beginning: &str,
        end: Option<&str>,
        untouched: Duration,
    ) -> Result<Operation, ObjectError> {
        match &self.0 {
            Place::Host(store) => {
                let untouched = u64::try_from(untouched.as_nanos()).unwrap_or(u64::MAX);
                Ok(store.abort_stale(beginning, end, untouched)?.into())
            }
            #[cfg(not(target_arch = "wasm32"))]
            Place::Memory(store) => store.abort_stale(beginning, end, untouched),
        }
    }
}

impl Opening {
    /// Waits until the object is open.
    ///
    /// # Errors
    /// As those of [`Store::get`].
    pub fn finish(self) -> Result<OpenedObject, ObjectError> {
        match self.0 {
            Begun::Host(opening) => {
                let wit::Opened { details, body } = wit::Opening::finish(opening)?;
                Ok(OpenedObject { details: details.into(), body: body.into() })
            }
            #[cfg(not(target_arch = "wasm32"))]
            Begun::Memory(opened) => *opened,
        }
    }
}

impl Upload {
    /// Waits until there is room for these bytes.
    ///
    /// # Errors
    /// That of the upload, which is over then.
    pub fn write(&self, bytes: &[u8]) -> Result<(), ObjectError> {
        match &self.0 {
            Parts::Host(upload) => Ok(upload.write(bytes)?),
            #[cfg(not(target_arch = "wasm32"))]
            Parts::Memory(upload) => {
                upload.borrow_mut().write(bytes);
                Ok(())
            }
        }
    }

    /// As `write`, with the payloads of a batch.
    ///
    /// # Errors
    /// As those of `write`.
    pub fn write_batch(&self, messages: &Batch, delimiter: &[u8]) -> Result<(), ObjectError> {
        match &self.0 {
            #[cfg(target_arch = "wasm32")]
            Parts::Host(upload) => Ok(upload.write_batch(messages.handle().resource(), delimiter)?),
            #[cfg(not(target_arch = "wasm32"))]
            Parts::Host(_) => unreachable!("there is no host natively"),
            #[cfg(not(target_arch = "wasm32"))]
            Parts::Memory(upload) => {
                upload.borrow_mut().write_batch(messages, delimiter);
                Ok(())
            }
        }
    }

    /// The object is complete: the operation ends when it is durable.
    #[must_use]
    pub fn finish(self) -> Operation {
        match self.0 {
            Parts::Host(upload) => wit::Upload::finish(upload).into(),
            #[cfg(not(target_arch = "wasm32"))]
            Parts::Memory(upload) => (*upload).into_inner().finish(),
        }
    }
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store").finish_non_exhaustive()
    }
}

impl fmt::Debug for Opening {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Opening").finish_non_exhaustive()
    }
}

impl fmt::Debug for Upload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Upload").finish_non_exhaustive()
    }
}

/// Asks the host; natively there is none to ask.
fn granted<T>(ask: impl FnOnce() -> Result<T, ObjectError>) -> Result<T, ObjectError> {
    if cfg!(target_arch = "wasm32") {
        return ask();
    }
    Err(ObjectError::Denied("there are no stores natively but those of a test".to_owned()))
}

impl fmt::Display for ObjectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotFound(message)
            | Self::Denied(message)
            | Self::Invalid(message)
            | Self::Unavailable(message)
            | Self::Other(message) => f.write_str(message),
        }
    }
}

impl std::error::Error for ObjectError {}

impl From<wit::ObjectError> for ObjectError {
    fn from(error: wit::ObjectError) -> Self {
        match error {
            wit::ObjectError::NotFound(message) => Self::NotFound(message),
            wit::ObjectError::Denied(message) => Self::Denied(message),
            wit::ObjectError::Invalid(message) => Self::Invalid(message),
            wit::ObjectError::Unavailable(message) => Self::Unavailable(message),
            wit::ObjectError::Other(message) => Self::Other(message),
        }
    }
}

impl From<wit::ObjectSummary> for ObjectSummary {
    fn from(wit::ObjectSummary { name, size, modified }: wit::ObjectSummary) -> Self {
        Self { name, size, modified: since(modified) }
    }
}

/// Since 1970-01-01T00:00:00Z.
fn since(Timestamp { seconds, nanoseconds }: Timestamp) -> Duration {
    Duration::new(u64::try_from(seconds).unwrap_or_default(), nanoseconds)
}

impl From<wit::ObjectDetails> for ObjectDetails {
    fn from(wit::ObjectDetails { summary, attributes, version }: wit::ObjectDetails) -> Self {
        Self { summary: summary.into(), attributes: attributes.into(), version }
    }
}
