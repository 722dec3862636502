//! Files and the standard streams of the process.

mod appender;
mod marker;
mod random;
mod reader;
mod replace;
mod staged;
pub(crate) mod writers;

use std::fs::{File, Metadata, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use tokio::task::spawn_blocking;
use wasmtime::component::Resource;

#[expect(unreachable_pub, reason = "the generated bindings name it")]
pub use appender::HostAppender;
#[expect(unreachable_pub, reason = "the generated bindings name it")]
pub use random::HostReader;
use random::Places;
pub(crate) use replace::Replacements;
use staged::{Place, Placing};

use crate::bindings::forebay::files::files::{
    FileDetails, FileError, Host, HostAppender as HostAppenderMethods, HostReader as HostReaderMethods,
};
use crate::bindings::forebay::plugin::batches::Timestamp;
use crate::grants::Access;
use crate::guest::Guest;
use crate::host::batches::HostBatch;
use crate::host::streams::{HostStream, Permitted};
use forebay_plugins_api::Operation;

type Answer<T> = wasmtime::Result<Result<T, FileError>>;

impl Host for Guest {
    async fn find(&mut self, pattern: String) -> Answer<Vec<FileDetails>> {
        self.host_call()?;
        // Before looking: what is there is nobody's business either.
        if let Err(missing) = self.scope.allowed.file(Path::new(&pattern), Access::Read) {
            return Ok(Err(FileError::Denied(missing)));
        }
        let found = match blocking(move || find(&pattern)).await {
            Ok(found) => found,
            Err(error) => return Ok(Err(error)),
        };
        let allowed = &self.scope.allowed;
        let may_see = |details: &FileDetails| allowed.file(Path::new(&details.path), Access::Read).is_ok();
        Ok(Ok(found.into_iter().filter(may_see).collect()))
    }

    async fn open(&mut self, path: String) -> Answer<Resource<HostStream>> {
        self.host_call()?;
        let permit = match self.scope.account.stream() {
            Ok(permit) => permit,
            Err(full) => return Ok(Err(FileError::Other(full))),
        };
        let path = match self.scope.allowed.file(Path::new(&path), Access::Read) {
            Ok(path) => path,
            Err(missing) => return Ok(Err(FileError::Denied(missing))),
        };
        let kinds = self.kinds();
        match blocking(move || open(&path, kinds)).await {
            Ok(file) => Ok(Ok(self.push(Permitted::boxed(reader::FileReader::new(file), permit))?)),
            Err(error) => Ok(Err(error)),
        }
    }

    async fn open_reader(&mut self, path: String) -> Answer<Resource<HostReader>> {
        self.host_call()?;
        let permit = match self.scope.account.stream() {
            Ok(permit) => permit,
            Err(full) => return Ok(Err(FileError::Other(full))),
        };
        let path = match self.scope.allowed.file(Path::new(&path), Access::Read) {
            Ok(path) => path,
            Err(missing) => return Ok(Err(FileError::Denied(missing))),
        };
        let opened = blocking(move || {
            Places::new(open(&path, Kinds::Regular)?).map_err(|error| named("open", &path, &error))
        });
        match opened.await {
            Ok(places) => Ok(Ok(self.push(HostReader::new(places, permit))?)),
            Err(error) => Ok(Err(error)),
        }
    }

    async fn remove(&mut self, path: String) -> Answer<()> {
        self.host_call()?;
        let path = match self.scope.allowed.file(Path::new(&path), Access::Write) {
            Ok(path) => path,
            Err(missing) => return Ok(Err(FileError::Denied(missing))),
        };
        Ok(blocking(move || std::fs::remove_file(&path).map_err(|error| named("remove", &path, &error)))
            .await)
    }

    fn standard_input(&mut self) -> Answer<Resource<HostStream>> {
        if let Err(missing) = self.scope.allowed.standard_streams() {
            return Ok(Err(FileError::Denied(missing)));
        }
        match reader::standard_input() {
            Ok(stream) => Ok(Ok(self.push(HostStream(Box::new(stream)))?)),
            Err(reason) => Ok(Err(FileError::Other(reason))),
        }
    }

    async fn append_to(&mut self, path: String) -> Answer<Resource<HostAppender>> {
        self.host_call()?;
        let permit = match self.scope.account.stream() {
            Ok(permit) => permit,
            Err(full) => return Ok(Err(FileError::Other(full))),
        };
        let path = match self.scope.allowed.file(Path::new(&path), Access::Write) {
            Ok(path) => path,
            Err(missing) => return Ok(Err(FileError::Denied(missing))),
        };
        let kinds = self.kinds();
        let opened = blocking(move || {
            HostAppender::open(&path, kinds, permit).map_err(|error| named("open to append", &path, &error))
        });
        match opened.await {
            Ok(appender) => Ok(Ok(self.push(appender)?)),
            Err(error) => Ok(Err(error)),
        }
    }

    fn replace(&mut self, path: String, content: Vec<u8>) -> Answer<Resource<Operation>> {
        self.host_call()?;
        let path = match self.scope.allowed.file(Path::new(&path), Access::Write) {
            Ok(path) => path,
            Err(missing) => return Ok(Err(FileError::Denied(missing))),
        };
        Ok(Ok(self.push_operation(replace::replace(path, content, self.kinds(), &self.scope.account))?))
    }

    fn append_from(
        &mut self,
        path: String,
        source: Resource<HostStream>,
        delimiter: Vec<u8>,
    ) -> Answer<Resource<Operation>> {
        self.write_from(&path, source, Placing::Append { delimiter })
    }

    fn replace_from(&mut self, path: String, source: Resource<HostStream>) -> Answer<Resource<Operation>> {
        self.write_from(&path, source, Placing::Replace)
    }

    fn standard_output(&mut self) -> Answer<Resource<HostAppender>> {
        if let Err(missing) = self.scope.allowed.standard_streams() {
            return Ok(Err(FileError::Denied(missing)));
        }
        match HostAppender::standard_output(self.scope.output_closed.clone()) {
            Ok(appender) => Ok(Ok(self.push(appender)?)),
            Err(error) => Ok(Err(FileError::Other(error.to_string()))),
        }
    }
}

impl HostReaderMethods for Guest {
    fn size(&mut self, reader: Resource<HostReader>) -> wasmtime::Result<u64> {
        self.host_call()?;
        Ok(self.table.get(&reader)?.places.size)
    }

    async fn read(&mut self, reader: Resource<HostReader>, offset: u64, length: u32) -> Answer<Vec<u8>> {
        self.host_call()?;
        let places = self.table.get(&reader)?.places.clone();
        Ok(blocking(move || {
            places.read(offset, length).map_err(|error| FileError::Other(format!("read a file: {error}")))
        })
        .await)
    }

    fn drop(&mut self, reader: Resource<HostReader>) -> wasmtime::Result<()> {
        self.table.delete(reader)?;
        Ok(())
    }
}

impl HostAppenderMethods for Guest {
    fn append(
        &mut self,
        appender: Resource<HostAppender>,
        bytes: Vec<u8>,
    ) -> wasmtime::Result<Resource<Operation>> {
        self.host_call()?;
        let work = self.table.get(&appender)?.append(bytes, &self.scope.account.held);
        self.push_operation(work)
    }

    fn append_batch(
        &mut self,
        appender: Resource<HostAppender>,
        messages: Resource<HostBatch>,
        delimiter: Vec<u8>,
    ) -> wasmtime::Result<Resource<Operation>> {
        self.host_call()?;
        let batch = self.batch(&messages)?.clone();
        self.check_written(&batch)?;
        let appender = self.table.get(&appender)?;
        let work = appender.append_batch(batch, delimiter, &self.scope.account.held);
        self.push_operation(work)
    }

    fn drop(&mut self, appender: Resource<HostAppender>) -> wasmtime::Result<()> {
        self.table.delete(appender)?;
        Ok(())
    }
}

/// Which kinds of files a plugin may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kinds {
    /// Pipes too, although they may keep a thread for good: whoever started the process knows them.
    All,
    /// Those that keep nobody waiting.
    Regular,
}

impl Guest {
    fn write_from(
        &mut self,
        path: &str,
        source: Resource<HostStream>,
        placing: Placing,
    ) -> Answer<Resource<Operation>> {
        self.host_call()?;
        let source = self.table.delete(source)?.0;
        let path = match self.scope.allowed.file(Path::new(path), Access::Write) {
            Ok(path) => path,
            Err(missing) => return Ok(Err(FileError::Denied(missing))),
        };
        let place = Place { path, placing, kinds: self.kinds() };
        match staged::write_from(source, place, &self.scope.account) {
            Ok(written) => Ok(Ok(self.push_operation(written)?)),
            Err(reason) => Ok(Err(FileError::Other(reason))),
        }
    }

    fn kinds(&self) -> Kinds {
        if self.scope.allowed.is_everything() { Kinds::All } else { Kinds::Regular }
    }
}

impl Kinds {
    /// Options with which opening waits only where that is allowed.
    fn options(self) -> OpenOptions {
        let mut options = OpenOptions::new();
        if self == Self::Regular {
            // Of no effect on files; opening a pipe would wait for its other end.
            options.custom_flags(libc::O_NONBLOCK);
        }
        options
    }

    /// Whether a file that is no regular one is refused.
    fn refuses(self, found: &Metadata) -> bool {
        self == Self::Regular && !found.is_file()
    }
}

/// What is said of a file that is refused.
const NOT_REGULAR: &str = "it is no regular file";

fn find(pattern: &str) -> Result<Vec<FileDetails>, FileError> {
    if !pattern.contains(['*', '?', '[']) {
        let found = std::fs::metadata(pattern).map_err(|error| named("read", Path::new(pattern), &error))?;
        if found.is_dir() {
            return Err(FileError::Other(format!("read {pattern}: it is a folder")));
        }
        return Ok(vec![details(pattern.to_owned(), &found)]);
    }
    let paths =
        glob::glob(pattern).map_err(|error| FileError::Other(format!("pattern {pattern}: {error}")))?;
    let mut files = Vec::new();
    for path in paths {
        let path = path.map_err(|error| FileError::Other(error.to_string()))?;
        let found = std::fs::metadata(&path).map_err(|error| named("read", &path, &error))?;
        if found.is_file() && !marker::is_marker(&path) {
            files.push(details(path.to_string_lossy().into_owned(), &found));
        }
    }
    files.sort_by(|left, right| left.path.cmp(&right.path));
    Ok(files)
}

fn details(path: String, found: &Metadata) -> FileDetails {
    let since = found.modified().ok().and_then(|modified| modified.duration_since(UNIX_EPOCH).ok());
    let modified = since.and_then(|since| {
        Some(Timestamp { seconds: i64::try_from(since.as_secs()).ok()?, nanoseconds: since.subsec_nanos() })
    });
    FileDetails { path, size: found.len(), modified }
}

fn open(path: &Path, kinds: Kinds) -> Result<File, FileError> {
    let failed = |error: io::Error| named("open", path, &error);
    let file = kinds.options().read(true).open(path).map_err(failed)?;
    let found = file.metadata().map_err(failed)?;
    let problem = if found.is_dir() {
        "it is a folder"
    } else if kinds.refuses(&found) {
        NOT_REGULAR
    } else {
        return Ok(file);
    };
    Err(FileError::Other(format!("open {}: {problem}", path.display())))
}

/// The folder that a file lies in.
fn parent(path: &Path) -> PathBuf {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder.to_path_buf(),
        _ => PathBuf::from("."),
    }
}

fn named(verb: &str, path: &Path, error: &io::Error) -> FileError {
    let text = format!("{verb} {}: {error}", path.display());
    match error.kind() {
        io::ErrorKind::NotFound => FileError::NotFound(text),
        io::ErrorKind::PermissionDenied => FileError::Denied(text),
        _ => FileError::Other(text),
    }
}

/// Runs work that blocks on another thread.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, FileError> + Send + 'static,
) -> Result<T, FileError> {
    spawn_blocking(work).await.unwrap_or_else(|error| Err(FileError::Other(error.to_string())))
}
