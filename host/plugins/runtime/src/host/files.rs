//! Files and the standard streams of the process.

mod appender;
mod marker;
mod reader;
pub(crate) mod writers;

use std::io;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use tokio::task::spawn_blocking;
use wasmtime::component::Resource;

#[expect(unreachable_pub, reason = "the generated bindings name it")]
pub use appender::HostAppender;

use crate::bindings::forebay::files::files::{
    FileDetails, FileError, Host, HostAppender as HostAppenderMethods,
};
use crate::bindings::forebay::plugin::batches::Timestamp;
use crate::grants::Access;
use crate::guest::Guest;
use crate::host::batches::HostBatch;
use crate::host::streams::HostStream;
use forebay_plugins_api::Operation;

type Answer<T> = wasmtime::Result<Result<T, FileError>>;

impl Host for Guest {
    async fn find(&mut self, pattern: String) -> Answer<Vec<FileDetails>> {
        // Before looking: what is there is nobody's business either.
        if let Err(missing) = self.scope.allowed.file(Path::new(&pattern), Access::Read) {
            return Ok(Err(FileError::Denied(missing)));
        }
        let found = match blocking(move || find(&pattern)).await {
            Ok(found) => found,
            Err(error) => return Ok(Err(error)),
        };
        for details in &found {
            if let Err(missing) = self.scope.allowed.file(Path::new(&details.path), Access::Read) {
                return Ok(Err(FileError::Denied(missing)));
            }
        }
        Ok(Ok(found))
    }

    async fn open(&mut self, path: String) -> Answer<Resource<HostStream>> {
        if let Err(missing) = self.scope.allowed.file(Path::new(&path), Access::Read) {
            return Ok(Err(FileError::Denied(missing)));
        }
        match blocking(move || open(&path)).await {
            Ok(file) => Ok(Ok(self.push(HostStream(Box::new(reader::Reader::spawn(file))))?)),
            Err(error) => Ok(Err(error)),
        }
    }

    async fn remove(&mut self, path: String) -> Answer<()> {
        if let Err(missing) = self.scope.allowed.file(Path::new(&path), Access::Write) {
            return Ok(Err(FileError::Denied(missing)));
        }
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
        if let Err(missing) = self.scope.allowed.file(Path::new(&path), Access::Write) {
            return Ok(Err(FileError::Denied(missing)));
        }
        let opened = blocking(move || {
            HostAppender::open(Path::new(&path)).map_err(|error| named("open to append", &path, &error))
        });
        match opened.await {
            Ok(appender) => Ok(Ok(self.push(appender)?)),
            Err(error) => Ok(Err(error)),
        }
    }

    fn replace(&mut self, path: String, content: Vec<u8>) -> Answer<Resource<Operation>> {
        if let Err(missing) = self.scope.allowed.file(Path::new(&path), Access::Write) {
            return Ok(Err(FileError::Denied(missing)));
        }
        let work = spawn_blocking(move || {
            replace(Path::new(&path), &content).map_err(|error| format!("{path}: {error}"))
        });
        let operation =
            self.push_operation(async move { work.await.unwrap_or_else(|error| Err(error.to_string())) })?;
        Ok(Ok(operation))
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

impl HostAppenderMethods for Guest {
    fn append(
        &mut self,
        appender: Resource<HostAppender>,
        bytes: Vec<u8>,
    ) -> wasmtime::Result<Resource<Operation>> {
        let work = self.table.get(&appender)?.append(bytes);
        self.push_operation(work)
    }

    fn append_batch(
        &mut self,
        appender: Resource<HostAppender>,
        messages: Resource<HostBatch>,
        delimiter: Vec<u8>,
    ) -> wasmtime::Result<Resource<Operation>> {
        let batch = self.batch(&messages)?.clone();
        let work = self.table.get(&appender)?.append_batch(batch, delimiter);
        self.push_operation(work)
    }

    fn drop(&mut self, appender: Resource<HostAppender>) -> wasmtime::Result<()> {
        self.table.delete(appender)?;
        Ok(())
    }
}

fn find(pattern: &str) -> Result<Vec<FileDetails>, FileError> {
    if !pattern.contains(['*', '?', '[']) {
        let found = std::fs::metadata(pattern).map_err(|error| named("read", pattern, &error))?;
        return Ok(vec![details(pattern.to_owned(), &found)]);
    }
    let paths =
        glob::glob(pattern).map_err(|error| FileError::Other(format!("pattern {pattern}: {error}")))?;
    let mut files = Vec::new();
    for path in paths {
        let path = path.map_err(|error| FileError::Other(error.to_string()))?;
        let found =
            std::fs::metadata(&path).map_err(|error| named("read", &path.to_string_lossy(), &error))?;
        if found.is_file() && !marker::is_marker(&path) {
            files.push(details(path.to_string_lossy().into_owned(), &found));
        }
    }
    files.sort_by(|left, right| left.path.cmp(&right.path));
    Ok(files)
}

fn details(path: String, found: &std::fs::Metadata) -> FileDetails {
    let since = found.modified().ok().and_then(|modified| modified.duration_since(UNIX_EPOCH).ok());
    let modified = since.and_then(|since| {
        Some(Timestamp { seconds: i64::try_from(since.as_secs()).ok()?, nanoseconds: since.subsec_nanos() })
    });
    FileDetails { path, size: found.len(), modified }
}

fn open(path: &str) -> Result<std::fs::File, FileError> {
    let file = std::fs::File::open(path).map_err(|error| named("open", path, &error))?;
    let is_folder = file.metadata().is_ok_and(|found| found.is_dir());
    if is_folder { Err(FileError::Other(format!("open {path}: it is a folder"))) } else { Ok(file) }
}

/// Writes a file under another name and renames it, so that nobody sees half of it.
fn replace(path: &Path, content: &[u8]) -> io::Result<()> {
    use std::io::Write as _;
    // The file behind a link is what is to be replaced, not the link.
    let real = path.canonicalize();
    let path = real.as_deref().unwrap_or(path);
    let old = std::fs::metadata(path).ok();
    if old.as_ref().is_some_and(|old| !old.is_file()) {
        // A pipe or a device can't be renamed over.
        return std::fs::OpenOptions::new().write(true).open(path)?.write_all(content);
    }
    let folder = parent(path);
    std::fs::create_dir_all(&folder)?;
    let temporary = marker::beside(path, "new");
    let mut file = std::fs::File::create(&temporary)?;
    if let Some(old) = old {
        file.set_permissions(old.permissions())?;
    }
    file.write_all(content)?;
    file.sync_data()?;
    std::fs::rename(&temporary, path)?;
    std::fs::File::open(folder)?.sync_all()
}

/// The folder that a file lies in.
fn parent(path: &Path) -> PathBuf {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder.to_path_buf(),
        _ => PathBuf::from("."),
    }
}

fn named(verb: &str, path: &str, error: &io::Error) -> FileError {
    let text = format!("{verb} {path}: {error}");
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
