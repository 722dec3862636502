//! Writing at the end of a file, on a thread of its own.
//!
//! The thread takes all that has been queued since it last looked, writes it in one go and syncs
//! once: the longer a sync takes, the more the next one covers. Order of a write: set the marker,
//! write, sync, report.

use std::fs::File;
use std::future::Future;
use std::io::{self, Seek as _, Write};
use std::os::unix::fs::{FileExt as _, FileTypeExt as _, MetadataExt};
use std::path::Path;
use std::sync::Arc;

use forebay_lifecycle::Shutdown;
use forebay_pipeline_message::Batch;
use tokio::sync::{mpsc, oneshot};

use super::marker::{self, Marker};
use super::writers::{self, Entered};
use super::{Kinds, NOT_REGULAR, parent};
use crate::account::StreamPermit;
use crate::held::{Held, Share};

/// A file that a guest appends to, or the standard output.
#[derive(Debug)]
#[expect(unreachable_pub, reason = "the generated bindings name it")]
pub struct HostAppender {
    jobs: Arc<mpsc::Sender<Job>>,
    /// Counts it among what a component has opened. The thread has it too: that, and the file, may
    /// have work to do when nobody has a handle any more.
    _permit: Option<Arc<StreamPermit>>,
}

pub(super) struct Job {
    content: Content,
    done: oneshot::Sender<Result<(), String>>,
    /// Its bytes, until they are written.
    share: Share,
}

/// Who waits for a write, and its bytes.
type Waiting = (oneshot::Sender<Result<(), String>>, Share);

enum Content {
    Bytes(Vec<u8>),
    Messages {
        batch: Batch,
        delimiter: Vec<u8>,
    },
    /// All of a file, from where it stands.
    File(File),
}

/// Operations that wait to be written. The engine holds far fewer under way at once.
const QUEUE: usize = 1024;
/// The thread gathers up to this many bytes into one write.
const GATHER: usize = 8 << 20;

/// Where bytes go, and how they are made to stay there.
trait Target: Send + 'static {
    fn write(&mut self, bytes: &[u8]) -> io::Result<()>;

    /// Writes what a file has from where it stands.
    fn copy(&mut self, file: File) -> io::Result<()>;

    /// Has the process end because of an error, where that is how it ends; whether it is. Nobody need hear of it then.
    fn ends_by(&self, _: &io::Error) -> bool {
        false
    }
}

struct AppendedFile {
    file: File,
    length: u64,
    marker: Option<Marker>,
}

struct StandardOutput {
    /// Ends the process, where it ends when nobody reads this any more.
    closed: Option<Shutdown>,
}

impl HostAppender {
    /// Opens a file to append to, or joins whoever writes to it already in this process: two
    /// threads that write to the same file would not keep its order. Blocks while a writer that has
    /// nothing more to come is still at work.
    pub(super) fn open(path: &Path, kinds: Kinds, permit: StreamPermit) -> io::Result<Self> {
        std::fs::create_dir_all(parent(path))?;
        let file = kinds.options().create(true).append(true).open(path)?;
        let permit = Arc::new(permit);
        let found = file.metadata()?;
        // A device takes what it is given, or fails.
        if kinds.refuses(&found) && !found.file_type().is_char_device() {
            return Err(io::Error::other(NOT_REGULAR));
        }
        let key = (found.dev(), found.ino());
        let entry = match writers::enter(key) {
            Entered::Joined(jobs) => return Ok(Self { jobs, _permit: Some(permit) }),
            Entered::First(entry) => entry,
        };
        let marker = if found.is_file() { Marker::take(path, &file)? } else { None };
        let length = file.metadata()?.len();
        let (announce, leave) = entry.split();
        let of_thread = Arc::clone(&permit);
        let done = move || {
            drop(of_thread);
            drop(leave);
        };
        let appender = Self::spawn("append", AppendedFile { file, length, marker }, done)?;
        announce.announce(&appender.jobs);
        Ok(Self { _permit: Some(permit), ..appender })
    }

    /// The standard output of the process.
    pub(super) fn standard_output(closed: Option<Shutdown>) -> io::Result<Self> {
        Self::spawn("stdout", StandardOutput { closed }, || ())
    }

    /// Queues bytes, which count among those that are `held`. The future ends when they are where they
    /// should be.
    pub(super) fn append(
        &self,
        bytes: Vec<u8>,
        held: &Arc<Held>,
    ) -> impl Future<Output = Result<(), String>> + Send + 'static {
        self.queue(Content::Bytes(bytes), held)
    }

    /// Queues the payloads of a batch, each with `delimiter` unless it ends with it.
    pub(super) fn append_batch(
        &self,
        batch: Batch,
        delimiter: Vec<u8>,
        held: &Arc<Held>,
    ) -> impl Future<Output = Result<(), String>> + Send + 'static {
        self.queue(Content::Messages { batch, delimiter }, held)
    }

    /// Queues all of a file, from where it stands.
    pub(super) fn append_file(
        &self,
        file: File,
        held: &Arc<Held>,
    ) -> impl Future<Output = Result<(), String>> + Send + 'static {
        self.queue(Content::File(file), held)
    }

    fn queue(
        &self,
        content: Content,
        held: &Arc<Held>,
    ) -> impl Future<Output = Result<(), String>> + Send + 'static {
        let (done, result) = oneshot::channel();
        // A job that was refused is dropped here: with it, the wait for its end would never end.
        let refused = match held.take(content.size()) {
            Err(full) => Some(format!("too much is under way, wait for the end of other writes: {full}")),
            Ok(share) => match self.jobs.try_send(Job { content, done, share }) {
                Err(mpsc::error::TrySendError::Full(_)) => {
                    Some(format!("more than {QUEUE} writes are under way"))
                }
                Err(mpsc::error::TrySendError::Closed(_)) | Ok(()) => None,
            },
        };
        async move {
            if let Some(reason) = refused {
                return Err(reason);
            }
            result.await.unwrap_or_else(|_| Err("an earlier write to it failed".to_owned()))
        }
    }

    fn spawn(name: &str, target: impl Target, done: impl FnOnce() + Send + 'static) -> io::Result<Self> {
        let (jobs, queue) = mpsc::channel(QUEUE);
        let body = move || {
            write_all(target, queue);
            done();
        };
        std::thread::Builder::new().name(name.to_owned()).spawn(body)?;
        Ok(Self { jobs: Arc::new(jobs), _permit: None })
    }
}

/// Writes what comes, until nobody can send more or a write fails; what is queued behind a failed
/// write fails with it, so that nothing overtakes it. By whose error the process ends, that stays as it is.
fn write_all(mut target: impl Target, mut queue: mpsc::Receiver<Job>) {
    let mut buffer = Vec::new();
    let mut waiting = Vec::new();
    let mut left = None;
    while let Some(first) = left.take().or_else(|| queue.blocking_recv()) {
        if let Content::File(file) = first.content {
            let written = target.copy(file);
            if written.as_ref().is_err_and(|error| target.ends_by(error)) {
                return leave(vec![(first.done, first.share)], queue);
            }
            let is_over = written.is_err();
            let _ = first.done.send(written.map_err(|error| error.to_string()));
            if is_over {
                return;
            }
            continue;
        }
        let mut next = Some(first);
        while let Some(job) = next {
            if matches!(job.content, Content::File(_)) {
                left = Some(job);
                break;
            }
            job.content.write_to(&mut buffer);
            waiting.push((job.done, job.share));
            next = if buffer.len() < GATHER { queue.try_recv().ok() } else { None };
        }
        let written = target.write(&buffer);
        if written.as_ref().is_err_and(|error| target.ends_by(error)) {
            return leave(waiting, queue);
        }
        let written = written.map_err(|error| error.to_string());
        // Given back first: the memory is free once the buffer is, and who is told may write on at once.
        if buffer.capacity() > GATHER {
            buffer = Vec::new();
        }
        for (done, share) in waiting.drain(..) {
            drop(share);
            // Whoever asked may have gone; the bytes are written all the same.
            let _ = done.send(written.clone());
        }
        if written.is_err() {
            return;
        }
        buffer.clear();
    }
}

/// Keeps who waits for writes waiting, until nobody can send more: they have neither succeeded nor failed.
fn leave(mut waiting: Vec<Waiting>, mut queue: mpsc::Receiver<Job>) {
    while waiting.len() < QUEUE
        && let Some(Job { content: _, done, share }) = queue.blocking_recv()
    {
        waiting.push((done, share));
    }
}

impl Content {
    /// Bytes that it keeps in memory until it is written, in one form or the other.
    fn size(&self) -> usize {
        match self {
            Self::Bytes(bytes) => bytes.len(),
            Self::Messages { batch, delimiter } => {
                let mut written = delimiter.len();
                // A few rows of a batch may be most of it, and stand in it many times.
                batch.each_payload(|payload| {
                    written = written.saturating_add(payload.len()).saturating_add(delimiter.len());
                });
                written.max(batch.byte_size())
            }
            // It lies on the disk.
            Self::File(_) => 0,
        }
    }

    fn write_to(self, buffer: &mut Vec<u8>) {
        match self {
            Self::Bytes(bytes) => buffer.extend_from_slice(&bytes),
            Self::Messages { batch, delimiter } => {
                batch.each_payload(|payload| {
                    buffer.extend_from_slice(payload);
                    if !payload.ends_with(&delimiter) {
                        buffer.extend_from_slice(&delimiter);
                    }
                });
            }
            Self::File(_) => {}
        }
    }
}

impl Target for AppendedFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        if self.marker.is_some() {
            // Somebody else may have appended as well; the range must be right when it is written.
            self.length = self.file.metadata()?.len();
        }
        let end = self.length + bytes.len() as u64;
        if let Some(marker) = &self.marker {
            marker.set(self.length, bytes.len() as u64, bytes)?;
        }
        if let Err(error) = self.file.write_all(bytes) {
            // What was written of it must not stay: nobody is told that it is there.
            if let Some(marker) = &self.marker {
                marker.take_back(&self.file, self.length, bytes);
            }
            return Err(error);
        }
        self.file.sync_data().or_else(unless_it_has_none)?;
        self.length = end;
        Ok(())
    }

    fn copy(&mut self, mut file: File) -> io::Result<()> {
        let from = file.stream_position()?;
        let most = file.metadata()?.len().saturating_sub(from);
        if self.marker.is_some() {
            self.length = self.file.metadata()?.len();
        }
        let mut head = [0; marker::HEAD];
        let known = file.read_at(&mut head, from)?;
        if let Some(marker) = &self.marker {
            marker.set(self.length, most, &head[..known])?;
        }
        let copied = io::copy(&mut file, &mut self.file).and_then(|_| self.file.sync_data());
        if let Err(error) = copied.or_else(unless_it_has_none) {
            if let Some(marker) = &self.marker {
                marker.take_back_copy(&self.file, self.length, most, &head[..known]);
            }
            return Err(error);
        }
        self.length += most;
        Ok(())
    }
}

/// Pipes and terminals have no disk to sync.
fn unless_it_has_none(error: io::Error) -> io::Result<()> {
    match error.kind() {
        io::ErrorKind::InvalidInput => Ok(()),
        _ => Err(error),
    }
}

impl Target for StandardOutput {
    fn copy(&mut self, mut file: File) -> io::Result<()> {
        let mut output = io::stdout().lock();
        io::copy(&mut file, &mut output).and_then(|_| output.flush())
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        let mut output = io::stdout().lock();
        output.write_all(bytes).and_then(|()| output.flush())
    }

    fn ends_by(&self, error: &io::Error) -> bool {
        let Some(closed) = &self.closed else { return false };
        let is_closed = error.kind() == io::ErrorKind::BrokenPipe;
        if is_closed {
            closed.cancel();
        }
        is_closed
    }
}

#[cfg(test)]
mod tests {
    use std::fs::OpenOptions;
    use std::io::Read as _;
    use std::path::PathBuf;
    use std::process::Command;
    use std::time::Duration;

    use forebay_metrics::Metrics;

    use super::*;
    use crate::account::Account;
    use crate::limits::Limits;
    use crate::plugin::PluginMetrics;

    /// More than a pipe takes while nobody reads it.
    const MUCH: usize = 700 << 10;

    /// A pipe in the file system, and its end to read from.
    fn pipe(name: &str) -> (PathBuf, File) {
        let path = std::env::temp_dir().join(format!("forebay-appender-{name}-{}", std::process::id()));
        let made = Command::new("mkfifo").arg(&path).status().unwrap();
        assert!(made.success());
        // With both directions: opening waits for nobody then.
        let end = OpenOptions::new().read(true).write(true).open(&path).unwrap();
        (path, end)
    }

    fn account(limits: Limits) -> Account {
        Account::new(limits, PluginMetrics::new(&Metrics::default(), &"x".parse().unwrap()))
    }

    #[test]
    fn what_is_let_go_counts_until_it_is_written() {
        let account = account(Limits { streams: 1, batches: 1 << 20, ..Limits::default() });
        let (path, mut end) = pipe("counts");
        let appender = HostAppender::open(&path, Kinds::All, account.stream().unwrap()).unwrap();
        drop(appender.append(vec![b'x'; MUCH], &account.held));
        drop(appender);
        assert!(account.stream().is_err(), "its thread has not written everything");
        assert!(account.held.take(MUCH).is_err());
        end.read_exact(&mut vec![0; MUCH]).unwrap();
        writers::wait_until_closed(Duration::from_secs(60));
        assert!(account.stream().is_ok());
        assert_eq!(account.held.bytes(), 0);
        std::fs::remove_file(path).unwrap();
    }

    #[tokio::test]
    async fn no_more_is_queued_than_may_be_held() {
        let account = account(Limits { batches: 1 << 20, ..Limits::default() });
        let (path, mut end) = pipe("queued");
        let appender = HostAppender::open(&path, Kinds::All, account.stream().unwrap()).unwrap();
        let first = appender.append(vec![b'x'; MUCH], &account.held);
        let reason = appender.append(vec![b'x'; MUCH], &account.held).await.unwrap_err();
        assert!(reason.contains("wait for the end of other writes"), "{reason}");
        end.read_exact(&mut vec![0; MUCH]).unwrap();
        first.await.unwrap();
        let again = appender.append(vec![b'x'; MUCH], &account.held);
        end.read_exact(&mut vec![0; MUCH]).unwrap();
        again.await.unwrap();
        std::fs::remove_file(path).unwrap();
    }

    #[test]
    fn a_pipe_is_refused_where_only_files_may_be_used() {
        let account = account(Limits { streams: 1, ..Limits::default() });
        let (path, end) = pipe("refused");
        let error = HostAppender::open(&path, Kinds::Regular, account.stream().unwrap()).unwrap_err();
        assert_eq!(error.to_string(), NOT_REGULAR);
        drop(end);
        // Nobody reads it now: opening it must not wait for somebody who does.
        assert!(HostAppender::open(&path, Kinds::Regular, account.stream().unwrap()).is_err());
        assert!(super::super::open(&path, Kinds::Regular).is_err());
        assert!(account.stream().is_ok());
        std::fs::remove_file(path).unwrap();
    }

    #[test]
    fn a_batch_counts_with_its_delimiters() {
        let batch = Batch::from_payloads(["a", "b"].iter().map(Some), false);
        let content = Content::Messages { batch, delimiter: vec![0; 1 << 20] };
        let size = content.size();
        let mut buffer = Vec::new();
        content.write_to(&mut buffer);
        assert!(buffer.len() == (2 << 20) + 2 && size >= buffer.len(), "{size}");
    }

    #[test]
    fn the_error_that_ends_the_process_is_told_to_nobody() {
        struct Broken(StandardOutput);
        impl Target for Broken {
            fn write(&mut self, _: &[u8]) -> io::Result<()> {
                Err(io::ErrorKind::BrokenPipe.into())
            }

            fn copy(&mut self, _: File) -> io::Result<()> {
                Err(io::ErrorKind::BrokenPipe.into())
            }

            fn ends_by(&self, error: &io::Error) -> bool {
                self.0.ends_by(error)
            }
        }
        let outcomes = |closed: Option<Shutdown>| {
            let (jobs, queue) = mpsc::channel(4);
            let mut waiting = Vec::new();
            for content in [Content::Bytes(vec![1]), Content::File(File::open("/dev/null").unwrap())] {
                let (done, outcome) = oneshot::channel();
                let share = account(Limits::default()).held.take(1).unwrap();
                jobs.try_send(Job { content, done, share }).unwrap();
                waiting.push(outcome);
            }
            drop(jobs);
            write_all(Broken(StandardOutput { closed }), queue);
            waiting.into_iter().map(|mut outcome| outcome.try_recv().ok()).collect::<Vec<_>>()
        };
        let closed = Shutdown::new();
        assert_eq!(outcomes(Some(closed.clone())), [None, None]);
        assert!(closed.is_cancelled());
        let told = outcomes(None);
        assert!(matches!(&told[0], Some(Err(reason)) if reason.contains("roken pipe")), "{told:?}");
    }
}
