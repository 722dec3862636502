//! Writing at the end of a file, on a thread of its own.
//!
//! The thread takes all that has been queued since it last looked, writes it in one go and syncs
//! once: the longer a sync takes, the more the next one covers. Order of a write: set the marker,
//! write, sync, report.

use std::fs::{File, OpenOptions};
use std::future::Future;
use std::io::{self, Write};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::Arc;

use forebay_lifecycle::Shutdown;
use forebay_pipeline_message::Batch;
use tokio::sync::{mpsc, oneshot};

use super::marker::Marker;
use super::parent;
use super::writers::{self, Entered};
use crate::account::StreamPermit;

/// A file that a guest appends to, or the standard output.
#[derive(Debug)]
#[expect(unreachable_pub, reason = "the generated bindings name it")]
pub struct HostAppender {
    jobs: Arc<mpsc::Sender<Job>>,
    /// Counts it among what an instance has opened.
    _permit: Option<StreamPermit>,
}

pub(super) struct Job {
    content: Content,
    done: oneshot::Sender<Result<(), String>>,
}

enum Content {
    Bytes(Vec<u8>),
    Messages { batch: Batch, delimiter: Vec<u8> },
}

/// Operations that wait to be written. The engine holds far fewer under way at once.
const QUEUE: usize = 1024;
/// The thread gathers up to this many bytes into one write.
const GATHER: usize = 8 << 20;

/// Where bytes go, and how they are made to stay there.
trait Target: Send + 'static {
    fn write(&mut self, bytes: &[u8]) -> io::Result<()>;
}

struct AppendedFile {
    file: File,
    length: u64,
    marker: Option<Marker>,
}

struct StandardOutput {
    closed: Shutdown,
}

impl HostAppender {
    /// Opens a file to append to, or joins whoever writes to it already in this process: two
    /// threads that write to the same file would not keep its order. Blocks while a writer that has
    /// nothing more to come is still at work.
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        std::fs::create_dir_all(parent(path))?;
        let file = OpenOptions::new().create(true).append(true).open(path)?;
        let found = file.metadata()?;
        let key = (found.dev(), found.ino());
        let entry = match writers::enter(key) {
            Entered::Joined(jobs) => return Ok(Self { jobs, _permit: None }),
            Entered::First(entry) => entry,
        };
        let marker = if found.is_file() { Marker::take(path, &file)? } else { None };
        let length = file.metadata()?.len();
        let (announce, leave) = entry.split();
        let appender = Self::spawn("append", AppendedFile { file, length, marker }, move || drop(leave))?;
        announce.announce(&appender.jobs);
        Ok(appender)
    }

    /// The same, counted among what an instance has opened.
    pub(super) fn with_permit(self, permit: StreamPermit) -> Self {
        Self { _permit: Some(permit), ..self }
    }

    /// The standard output of the process.
    pub(super) fn standard_output(closed: Shutdown) -> io::Result<Self> {
        Self::spawn("stdout", StandardOutput { closed }, || ())
    }

    /// Queues bytes. The future ends when they are where they should be.
    pub(super) fn append(&self, bytes: Vec<u8>) -> impl Future<Output = Result<(), String>> + Send + 'static {
        self.queue(Content::Bytes(bytes))
    }

    /// Queues the payloads of a batch, each with `delimiter` unless it ends with it.
    pub(super) fn append_batch(
        &self,
        batch: Batch,
        delimiter: Vec<u8>,
    ) -> impl Future<Output = Result<(), String>> + Send + 'static {
        self.queue(Content::Messages { batch, delimiter })
    }

    fn queue(&self, content: Content) -> impl Future<Output = Result<(), String>> + Send + 'static {
        let (done, result) = oneshot::channel();
        // A job that was refused is dropped here: with it, the wait for its end would never end.
        let is_full = match self.jobs.try_send(Job { content, done }) {
            Err(mpsc::error::TrySendError::Full(_)) => true,
            Err(mpsc::error::TrySendError::Closed(_)) | Ok(()) => false,
        };
        async move {
            if is_full {
                return Err(format!("more than {QUEUE} writes are under way"));
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
/// write fails with it, so that nothing overtakes it.
fn write_all(mut target: impl Target, mut queue: mpsc::Receiver<Job>) {
    let mut buffer = Vec::new();
    let mut waiting = Vec::new();
    while let Some(first) = queue.blocking_recv() {
        let mut next = Some(first);
        while let Some(job) = next {
            job.content.write_to(&mut buffer);
            waiting.push(job.done);
            next = if buffer.len() < GATHER { queue.try_recv().ok() } else { None };
        }
        let written = target.write(&buffer).map_err(|error| error.to_string());
        for done in waiting.drain(..) {
            // Whoever asked may have gone; the bytes are written all the same.
            let _ = done.send(written.clone());
        }
        if written.is_err() {
            return;
        }
        buffer.clear();
        buffer.shrink_to(GATHER);
    }
}

impl Content {
    fn write_to(self, buffer: &mut Vec<u8>) {
        match self {
            Self::Bytes(bytes) => buffer.extend_from_slice(&bytes),
            Self::Messages { batch, delimiter } => {
                buffer.reserve(batch.byte_size() + batch.len() * delimiter.len());
                batch.each_payload(|payload| {
                    buffer.extend_from_slice(payload);
                    if !payload.ends_with(&delimiter) {
                        buffer.extend_from_slice(&delimiter);
                    }
                });
            }
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
            marker.set(self.length, bytes)?;
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
}

/// Pipes and terminals have no disk to sync.
fn unless_it_has_none(error: io::Error) -> io::Result<()> {
    match error.kind() {
        io::ErrorKind::InvalidInput => Ok(()),
        _ => Err(error),
    }
}

impl Target for StandardOutput {
    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        let mut output = io::stdout().lock();
        output.write_all(bytes).and_then(|()| output.flush()).inspect_err(|error| {
            if error.kind() == io::ErrorKind::BrokenPipe {
                self.closed.cancel();
            }
        })
    }
}
