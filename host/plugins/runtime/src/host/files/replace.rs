//! Replacing files as a whole: one after the other, on one thread, so that the last one asked for is
//! the one that stays.

use std::future::Future;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, OnceLock};

use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

use super::{Kinds, NOT_REGULAR, marker, parent};
use crate::account::Account;
use crate::held::Share;

struct Job {
    path: PathBuf,
    content: Vec<u8>,
    kinds: Kinds,
    done: oneshot::Sender<Result<(), String>>,
    /// What its component may have under way.
    counted: Counted,
}

/// Files that wait to be replaced. The engine holds far fewer under way at once.
const QUEUE: usize = 256;
/// The same for one component: all share one thread.
const OWN_QUEUE: usize = 16;

/// How many replacements a component may still start.
#[derive(Debug)]
pub(crate) struct Replacements(Arc<Semaphore>);

/// A replacement that is under way, and its bytes.
struct Counted {
    _place: OwnedSemaphorePermit,
    _share: Share,
}

impl Default for Replacements {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(OWN_QUEUE)))
    }
}

impl Counted {
    fn new(account: &Account, bytes: usize) -> Result<Self, String> {
        let place = Arc::clone(&account.replacements.0).try_acquire_owned().map_err(|_| {
            format!("{OWN_QUEUE} files of this component wait to be replaced: wait for their ends")
        })?;
        let share = account
            .held
            .take(bytes)
            .map_err(|full| format!("too much is under way, wait for the end of other writes: {full}"))?;
        Ok(Self { _place: place, _share: share })
    }
}

/// Starts to replace a file. The future ends when the new content is on the disk.
pub(super) fn replace(
    path: PathBuf,
    content: Vec<u8>,
    kinds: Kinds,
    account: &Account,
) -> impl Future<Output = Result<(), String>> + Send + 'static {
    let (done, result) = oneshot::channel();
    let counted = Counted::new(account, content.len());
    let queued = counted.and_then(|counted| {
        let jobs = jobs().as_ref().map_err(String::clone)?;
        jobs.try_send(Job { path, content, kinds, done, counted }).map_err(|error| match error {
            TrySendError::Full(_) => format!("more than {QUEUE} files wait to be replaced"),
            TrySendError::Disconnected(_) => "the thread that replaces files is gone".to_owned(),
        })
    });
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
            for Job { path, content, kinds, done, counted } in queue {
                let written =
                    write(&path, &content, kinds).map_err(|error| format!("{}: {error}", path.display()));
                drop(content);
                // First, so that who is told may start the next one at once.
                drop(counted);
                // Whoever asked may have gone; the file is replaced all the same.
                let _ = done.send(written);
            }
        };
        let started = std::thread::Builder::new().name("replace".into()).spawn(body);
        started.map(|_| jobs).map_err(|error| format!("start a thread to replace files: {error}"))
    })
}

/// Writes a file under another name and renames it, so that nobody sees half of it.
fn write(path: &Path, content: &[u8], kinds: Kinds) -> io::Result<()> {
    // The file behind a link is what is to be replaced, not the link.
    let real = path.canonicalize();
    let path = real.as_deref().unwrap_or(path);
    let old = std::fs::metadata(path).ok();
    if old.as_ref().is_some_and(|old| kinds.refuses(old)) {
        return Err(io::Error::other(NOT_REGULAR));
    }
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

#[cfg(test)]
mod tests {
    use forebay_metrics::Metrics;

    use super::*;
    use crate::limits::Limits;
    use crate::plugin::PluginMetrics;

    fn account(limits: Limits) -> Account {
        Account::new(limits, PluginMetrics::new(&Metrics::default(), &"x".parse().unwrap()))
    }

    #[test]
    fn one_component_does_not_fill_the_queue_of_all() {
        let (greedy, modest) = (account(Limits::default()), account(Limits::default()));
        let waiting: Vec<_> = (0..OWN_QUEUE).map(|_| Counted::new(&greedy, 1).unwrap()).collect();
        let Err(reason) = Counted::new(&greedy, 1) else { panic!("one more was taken") };
        assert!(reason.contains("16 files of this component wait"), "{reason}");
        assert!(Counted::new(&modest, 1).is_ok());
        drop(waiting);
        assert!(Counted::new(&greedy, 1).is_ok());
    }

    #[tokio::test]
    async fn what_is_to_be_written_counts_until_it_is() {
        let account = account(Limits { batches: 10, ..Limits::default() });
        let path = std::env::temp_dir().join(format!("forebay-replace-{}", std::process::id()));
        let reason = replace(path.clone(), vec![b'x'; 11], Kinds::Regular, &account).await.unwrap_err();
        assert!(reason.contains("wait for the end of other writes"), "{reason}");
        for _ in 0..2 * OWN_QUEUE {
            replace(path.clone(), vec![b'x'; 10], Kinds::Regular, &account).await.unwrap();
        }
        assert_eq!(std::fs::read(&path).unwrap(), [b'x'; 10]);
        std::fs::remove_file(path).unwrap();
    }
}
