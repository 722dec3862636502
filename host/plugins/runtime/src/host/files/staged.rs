//! Files whose content comes while it is made.
//!
//! It is written to a hidden file beside the one that it is for, by a thread of its own, and gets its place only when it is
//! whole: a link to it is made where there is no file yet, which is refused where somebody was quicker; what is to stand
//! behind the end of a file is then appended in one write, as any other is; what replaces one is renamed. Whoever dies
//! under way leaves the hidden file and nothing else.

use std::fs::{File, OpenOptions};
use std::future::Future;
use std::io::{self, Seek as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use forebay_plugins_api::ByteStream;
use tokio::runtime::Handle;
use tokio::sync::oneshot;

use super::appender::HostAppender;
use super::{Kinds, NOT_REGULAR, marker, parent};
use crate::account::{Account, StreamPermit};
use crate::held::Held;

/// What is asked of a stream at once.
const CHUNK: usize = 1 << 20;

/// Where the content of a stream goes.
pub(super) enum Placing {
    /// Behind the end of a file, with this behind it unless it ends with that.
    Append { delimiter: Vec<u8> },
    /// In place of what the file had.
    Replace,
}

/// The file that content is for, and how it may be used.
pub(super) struct Place {
    pub(super) path: PathBuf,
    pub(super) placing: Placing,
    pub(super) kinds: Kinds,
}

/// Content that has no place yet.
struct Staged {
    file: File,
    path: PathBuf,
}

/// Starts to write what a stream brings. The future ends when it is on the disk and has its place.
///
/// # Errors
/// The component has too many files open, or there is no thread.
pub(super) fn write_from(
    mut source: Box<dyn ByteStream>,
    place: Place,
    account: &Account,
) -> Result<impl Future<Output = Result<(), String>> + Send + 'static, String> {
    let permit = account.stream()?;
    let (held, runtime) = (Arc::clone(&account.held), Handle::current());
    let (done, result) = oneshot::channel();
    let body = move || {
        let written = place.write(&mut *source, &runtime, permit, &held);
        let written = written.map_err(|error| format!("{}: {error}", place.path.display()));
        drop(source);
        // Whoever asked may have gone.
        let _ = done.send(written);
    };
    let started = std::thread::Builder::new().name("stage".into()).spawn(body);
    started.map_err(|error| format!("start a thread that writes a file: {error}"))?;
    Ok(async move { result.await.unwrap_or_else(|_| Err("the thread that writes it is gone".to_owned())) })
}

impl Place {
    fn write(
        &self,
        source: &mut dyn ByteStream,
        runtime: &Handle,
        permit: StreamPermit,
        held: &Arc<Held>,
    ) -> io::Result<()> {
        // The file behind a link is meant, not the link.
        let real = self.path.canonicalize();
        let path = real.as_deref().unwrap_or(&self.path);
        let old = std::fs::metadata(path).ok();
        if old.as_ref().is_some_and(|old| self.kinds.refuses(old)) {
            return Err(io::Error::other(NOT_REGULAR));
        }
        if old.as_ref().is_some_and(|old| !old.is_file()) {
            // A pipe or a device shows what it is given.
            let mut target = OpenOptions::new().append(true).open(path)?;
            return self.fill(&mut target, source, runtime);
        }
        let mut staged = Staged::beside(path)?;
        self.fill(&mut staged.file, source, runtime)?;
        match self.placing {
            Placing::Replace => staged.replace(path, old.map(|old| old.permissions())),
            Placing::Append { .. } => match staged.place(path)? {
                None => Ok(()),
                Some(staged) => {
                    let appender = HostAppender::open(path, self.kinds, permit)?;
                    let appended = appender.append_file(staged.file.try_clone()?, held);
                    drop(appender);
                    runtime.block_on(appended).map_err(io::Error::other)
                }
            },
        }
    }

    /// Writes all that comes.
    fn fill(&self, file: &mut File, source: &mut dyn ByteStream, runtime: &Handle) -> io::Result<()> {
        let delimiter = match &self.placing {
            Placing::Append { delimiter } => &delimiter[..],
            Placing::Replace => &[],
        };
        // As many bytes as the delimiter has.
        let mut last = Vec::new();
        loop {
            let bytes = runtime.block_on(source.read(CHUNK)).map_err(io::Error::other)?;
            if bytes.is_empty() {
                break;
            }
            file.write_all(&bytes)?;
            last.extend_from_slice(&bytes[bytes.len().saturating_sub(delimiter.len())..]);
            last.drain(..last.len().saturating_sub(delimiter.len()));
        }
        if last != delimiter {
            file.write_all(delimiter)?;
        }
        Ok(())
    }
}

impl Staged {
    fn beside(path: &Path) -> io::Result<Self> {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        std::fs::create_dir_all(parent(path))?;
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let path = marker::beside(path, &format!("new-{}-{number}", std::process::id()));
        let mut options = OpenOptions::new();
        let file = options.read(true).write(true).create(true).truncate(true).open(&path)?;
        Ok(Self { file, path })
    }

    fn replace(self, path: &Path, permissions: Option<std::fs::Permissions>) -> io::Result<()> {
        if let Some(permissions) = permissions {
            self.file.set_permissions(permissions)?;
        }
        self.file.sync_data()?;
        std::fs::rename(&self.path, path)?;
        File::open(parent(path))?.sync_all()
    }

    /// Makes it the file of this path where there is none. Otherwise it is to be copied, from its start on.
    fn place(mut self, path: &Path) -> io::Result<Option<Self>> {
        if !path.exists() {
            self.file.sync_data()?;
            // Somebody may have been quicker, and not everywhere is there such a thing.
            if std::fs::hard_link(&self.path, path).is_ok() {
                File::open(parent(path))?.sync_all()?;
                return Ok(None);
            }
        }
        self.file.rewind()?;
        Ok(Some(self))
    }
}

impl Drop for Staged {
    fn drop(&mut self) {
        // Renamed, linked, copied or of no more use.
        let _ = std::fs::remove_file(&self.path);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;

    use async_trait::async_trait;
    use bytes::Bytes;
    use forebay_metrics::Metrics;

    use super::*;
    use crate::limits::Limits;
    use crate::plugin::PluginMetrics;

    /// Brings these pieces, and fails after them unless it is whole.
    struct Pieces(VecDeque<&'static str>, Result<(), String>);

    #[async_trait]
    impl ByteStream for Pieces {
        async fn read(&mut self, _: usize) -> Result<Bytes, String> {
            match self.0.pop_front() {
                Some(piece) => Ok(Bytes::from_static(piece.as_bytes())),
                None => self.1.clone().map(|()| Bytes::new()),
            }
        }
    }

    struct Folder(PathBuf);

    impl Folder {
        fn new(name: &str) -> Self {
            let path = std::env::temp_dir().join(format!("forebay-staged-{name}-{}", std::process::id()));
            std::fs::create_dir_all(&path).unwrap();
            Self(path)
        }

        async fn write(&self, file: &str, pieces: Pieces, placing: Placing) -> Result<(), String> {
            let account = Account::new(
                Limits::default(),
                PluginMetrics::new(&Metrics::default(), &"x".parse().unwrap()),
            );
            let place = Place { path: self.0.join(file), placing, kinds: Kinds::Regular };
            write_from(Box::new(pieces), place, &account).unwrap().await
        }

        fn read(&self, file: &str) -> String {
            std::fs::read_to_string(self.0.join(file)).unwrap()
        }

        /// What lies in it, but for markers of writers that are about to end.
        fn names(&self) -> Vec<String> {
            let entries = std::fs::read_dir(&self.0).unwrap();
            let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
            let mut names: Vec<_> = names.filter(|name| !name.ends_with(".forebay-write")).collect();
            names.sort();
            names
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = std::fs::remove_dir_all(&self.0);
        }
    }

    fn whole<const N: usize>(pieces: [&'static str; N]) -> Pieces {
        Pieces(pieces.into(), Ok(()))
    }

    fn lines() -> Placing {
        Placing::Append { delimiter: b"\n".to_vec() }
    }

    #[tokio::test]
    async fn a_stream_becomes_a_file_and_the_next_stands_behind_it() {
        let folder = Folder::new("behind");
        folder.write("a/out", whole(["on", "e"]), lines()).await.unwrap();
        assert_eq!(folder.read("a/out"), "one\n");
        folder.write("a/out", whole(["two\n"]), lines()).await.unwrap();
        folder.write("a/out", whole([]), lines()).await.unwrap();
        assert_eq!(folder.read("a/out"), "one\ntwo\n\n");
        let empty = Placing::Append { delimiter: Vec::new() };
        folder.write("b", whole([]), empty).await.unwrap();
        assert_eq!(folder.read("b"), "");
        assert_eq!(folder.names(), ["a", "b"]);
    }

    #[tokio::test]
    async fn a_stream_replaces_a_file() {
        let folder = Folder::new("replaces");
        std::fs::write(folder.0.join("out"), "old").unwrap();
        folder.write("out", whole(["ne", "w"]), Placing::Replace).await.unwrap();
        assert_eq!(folder.read("out"), "new");
        assert_eq!(folder.names(), ["out"]);
    }

    #[tokio::test]
    async fn nothing_is_seen_of_a_stream_that_fails() {
        let folder = Folder::new("fails");
        std::fs::write(folder.0.join("out"), "old").unwrap();
        for (file, placing) in [("out", Placing::Replace), ("out", lines()), ("new", lines())] {
            let pieces = Pieces(["half"].into(), Err("given up".to_owned()));
            let reason = folder.write(file, pieces, placing).await.unwrap_err();
            assert!(reason.ends_with("given up"), "{reason}");
        }
        assert_eq!(folder.read("out"), "old");
        assert_eq!(folder.names(), ["out"]);
    }

    #[tokio::test]
    async fn what_is_no_file_is_refused() {
        let folder = Folder::new("refused");
        let reason = folder.write("", whole(["a"]), lines()).await.unwrap_err();
        assert!(reason.ends_with(NOT_REGULAR), "{reason}");
    }
}
