//! Files and the standard streams of the process. What is granted is folders; natively, in tests,
//! none are.

use std::fmt;
use std::time::Duration;

use crate::Batch;
use crate::bindings::capabilities::forebay::files::files as wit;
use crate::operation::Operation;
use crate::streams::ByteStream;

/// Why a file can't be had.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FileError {
    NotFound(String),
    /// The grant that is missing, or the operating system's refusal.
    Denied(String),
    Other(String),
}

/// What is known of a file without opening it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileDetails {
    pub path: String,
    /// Bytes.
    pub size: u64,
    /// Since 1970-01-01T00:00:00Z.
    pub modified: Option<Duration>,
}

/// A file that is written at its end, or the standard output.
///
/// Operations end in the order in which they were started. After one has failed, all later ones
/// fail: drop the appender and open another.
pub struct Appender(wit::Appender);

/// The files that a pattern names, sorted: `*`, `?`, `[a-z]` and `**`. A pattern without
/// any of these names one file, which must exist.
///
/// # Errors
/// When the file does not exist or may not be read.
pub fn find(pattern: &str) -> Result<Vec<FileDetails>, FileError> {
    granted(|| Ok(wit::find(pattern)?.into_iter().map(FileDetails::from).collect()))
}

/// Opens a file to read it from its start.
///
/// # Errors
/// When it does not exist or may not be read.
pub fn open(path: &str) -> Result<ByteStream, FileError> {
    granted(|| Ok(wit::open(path)?.into()))
}

/// A file that is read at any place.
pub struct Reader(wit::Reader);

/// Opens a regular file to read it at any place.
///
/// # Errors
/// When it does not exist, may not be read, or is no regular file.
pub fn open_reader(path: &str) -> Result<Reader, FileError> {
    granted(|| Ok(Reader(wit::open_reader(path)?)))
}

/// Removes a file.
///
/// # Errors
/// When it does not exist or may not be removed.
pub fn remove(path: &str) -> Result<(), FileError> {
    granted(|| Ok(wit::remove(path)?))
}

/// The standard input of the process. It can be taken once.
///
/// # Errors
/// When it was taken, or is not granted.
pub fn standard_input() -> Result<ByteStream, FileError> {
    granted(|| Ok(wit::standard_input()?.into()))
}

/// Opens a file to write at its end; creates it and the folders above it where they are missing.
///
/// # Errors
/// When it may not be written.
pub fn append_to(path: &str) -> Result<Appender, FileError> {
    granted(|| Ok(Appender(wit::append_to(path)?)))
}

/// Starts to replace a file as a whole; readers see the old or the new content.
///
/// # Errors
/// When it may not be written.
pub fn replace(path: &str, content: &[u8]) -> Result<Operation, FileError> {
    granted(|| Ok(wit::replace(path, content)?.into()))
}

/// Starts to write what a stream brings behind the end of a file, and then `delimiter` unless it ends with it. Nobody sees
/// it before it is whole; where reading the stream fails, nothing is written and the operation fails.
///
/// # Errors
/// When the file may not be written.
pub fn append_from(path: &str, source: ByteStream, delimiter: &[u8]) -> Result<Operation, FileError> {
    #[cfg(target_arch = "wasm32")]
    {
        Ok(wit::append_from(path, source.into(), delimiter)?.into())
    }
    #[cfg(not(target_arch = "wasm32"))]
    granted(|| unreachable!("there are no files without a host: {path}, {source:?}, {delimiter:?}"))
}

/// The same in place of what the file had before.
///
/// # Errors
/// As [`append_from`].
pub fn replace_from(path: &str, source: ByteStream) -> Result<Operation, FileError> {
    #[cfg(target_arch = "wasm32")]
    {
        Ok(wit::replace_from(path, source.into())?.into())
    }
    #[cfg(not(target_arch = "wasm32"))]
    granted(|| unreachable!("there are no files without a host: {path}, {source:?}"))
}

/// The standard output of the process.
///
/// # Errors
/// When it is not granted.
pub fn standard_output() -> Result<Appender, FileError> {
    granted(|| Ok(Appender(wit::standard_output()?)))
}

impl Reader {
    /// Bytes, when it was opened.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.0.size()
    }

    /// Up to `length` bytes from `offset` on, and at most 16 MiB; fewer only where the file ends.
    ///
    /// # Errors
    /// When it can't be read.
    pub fn read(&self, offset: u64, length: u32) -> Result<Vec<u8>, FileError> {
        Ok(self.0.read(offset, length)?)
    }
}

impl fmt::Debug for Reader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reader").finish_non_exhaustive()
    }
}

impl Appender {
    /// Writes these bytes.
    #[must_use]
    pub fn append(&self, bytes: &[u8]) -> Operation {
        self.0.append(bytes).into()
    }

    /// Writes the payloads of a batch, each followed by `delimiter` unless it ends with it. They do
    /// not pass through the guest.
    #[cfg_attr(not(target_arch = "wasm32"), expect(unused_variables, reason = "there is no host natively"))]
    #[must_use]
    pub fn append_batch(&self, batch: &Batch, delimiter: &[u8]) -> Operation {
        #[cfg(target_arch = "wasm32")]
        {
            self.0.append_batch(batch.handle().resource(), delimiter).into()
        }
        #[cfg(not(target_arch = "wasm32"))]
        unreachable!("there are no appenders without a host")
    }
}

impl fmt::Debug for Appender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Appender").finish_non_exhaustive()
    }
}

/// Asks the host; natively there is none to ask.
fn granted<T>(ask: impl FnOnce() -> Result<T, FileError>) -> Result<T, FileError> {
    if cfg!(target_arch = "wasm32") {
        return ask();
    }
    Err(FileError::Denied("there are no files in native tests".to_owned()))
}

impl fmt::Display for FileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotFound(message) | Self::Denied(message) | Self::Other(message) => f.write_str(message),
        }
    }
}

impl std::error::Error for FileError {}

impl From<wit::FileError> for FileError {
    fn from(error: wit::FileError) -> Self {
        match error {
            wit::FileError::NotFound(message) => Self::NotFound(message),
            wit::FileError::Denied(message) => Self::Denied(message),
            wit::FileError::Other(message) => Self::Other(message),
        }
    }
}

impl From<wit::FileDetails> for FileDetails {
    fn from(wit::FileDetails { path, size, modified }: wit::FileDetails) -> Self {
        let modified = modified
            .and_then(|time| Some(Duration::new(u64::try_from(time.seconds).ok()?, time.nanoseconds)));
        Self { path, size, modified }
    }
}
