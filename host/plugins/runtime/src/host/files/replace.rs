//! Replacing files as a whole: one after the other, on one thread, so that the last one asked for is
//! the one that stays.

use std::future::Future;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::sync::mpsc::{SyncSender, TrySendError, sync_channel};

use tokio::sync::oneshot;

use super::{marker, parent};

struct Job {
    path: PathBuf,
    content: Vec<u8>,
    done: oneshot::Sender<Result<(), String>>,
}

/// Files that wait to be replaced. The engine holds far fewer under way at once.
const QUEUE: usize = 256;

/// Starts to replace a file. The future ends when the new content is on the disk.
pub(super) fn replace(
    path: PathBuf,
    content: Vec<u8>,
) -> impl Future<Output = Result<(), String>> + Send + 'static {
    let (done, result) = oneshot::channel();
    let queued = match jobs() {
        Ok(jobs) => jobs.try_send(Job { path, content, done }).map_err(|error| match error {
            TrySendError::Full(_) => format!("more than {QUEUE} files wait to be replaced"),
            TrySendError::Disconnected(_) => "the thread that replaces files is gone".to_owned(),
        }),
        Err(error) => Err(error.clone()),
    };
    async move {
        queued?;
        result.await.unwrap_or_else(|_| Err("the thread that replaces files is gone".to_owned()))
    }
}

/// The queue of the thread, which is started when it is first needed.
fn jobs() -> &'static Result<SyncSender<Job>, String> {
    static JOBS: OnceLock<Result<SyncSender<Job>, String>> = OnceLock::new();
    JOBS.get_or_init(|| {
        let (jobs, queue) = sync_channel::<Job>(QUEUE);
        let body = move || {
            for Job { path, content, done } in queue {
                let written = write(&path, &content).map_err(|error| format!("{}: {error}", path.display()));
                // Whoever asked may have gone; the file is replaced all the same.
                let _ = done.send(written);
            }
        };
        let started = std::thread::Builder::new().name("replace".into()).spawn(body);
        started.map(|_| jobs).map_err(|error| format!("start a thread to replace files: {error}"))
    })
}

/// Writes a file under another name and renames it, so that nobody sees half of it.
fn write(path: &Path, content: &[u8]) -> io::Result<()> {
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
    let temporary = marker::beside(path, &format!("new-{}", std::process::id()));
    let mut file = std::fs::File::create(&temporary)?;
    if let Some(old) = old {
        file.set_permissions(old.permissions())?;
    }
    let renamed = file
        .write_all(content)
        .and_then(|()| file.sync_data())
        .and_then(|()| std::fs::rename(&temporary, path));
    if let Err(error) = renamed {
        // Of no more use, and nobody else's.
        let _ = std::fs::remove_file(&temporary);
        return Err(error);
    }
    std::fs::File::open(folder)?.sync_all()
}
