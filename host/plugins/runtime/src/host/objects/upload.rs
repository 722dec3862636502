//! Objects that are put in parts while their bytes come.

use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use forebay_plugins_api::ByteStream;
use forebay_storage_objects as store;
use store::{ErrorKind, ObjectName, ObjectWriter, Objects, WritePolicy};
use tokio::sync::{mpsc, oneshot};

use super::ObjectError;
use super::convert::{Said, told, too_much};
use super::tasks::STOPPED;
use crate::account::Account;
use crate::host::http::Service;

/// Parts of 8 MiB, so objects of up to 78 GiB; two are put while a third is filled.
const POLICY: WritePolicy = WritePolicy { part: 8 << 20, largest_part: 8 << 20, parallel: 2 };
/// What an upload keeps in memory, at most.
const MEMORY: usize = 24 << 20;
/// How much of a stream is taken at once.
const PIECE: usize = 1 << 20;

/// An object that a guest writes.
#[derive(Debug)]
#[expect(unreachable_pub, reason = "the generated bindings name it")]
pub struct HostUpload {
    bytes: mpsc::Sender<Bytes>,
    /// Says that the last bytes were sent. Dropped without that, all is thrown away.
    complete: oneshot::Sender<()>,
    done: oneshot::Receiver<Result<(), String>>,
    failed: Failed,
}

/// Why an upload is over, for the guest that goes on to write.
type Failed = Arc<Mutex<Option<ObjectError>>>;

impl HostUpload {
    pub(super) fn begin(
        objects: Arc<dyn Objects>,
        name: ObjectName,
        said: Said,
        account: &Account,
        service: &Service,
    ) -> Result<Self, ObjectError> {
        let share = account.held.take(MEMORY).map_err(|full| too_much(&full))?;
        let started = account.puts.queue()?;
        let spawner = service.spawner().map_err(ObjectError::Other)?;
        let (bytes, mut coming) = mpsc::channel::<Bytes>(1);
        let (complete, mut is_complete) = oneshot::channel();
        let (ended, done) = oneshot::channel();
        let failed = Failed::default();
        let report = Arc::clone(&failed);
        let Said { options, timeout } = said;
        let mut writer = ObjectWriter::new(objects, name, options, POLICY);
        spawner.spawn(async move {
            let work = async {
                loop {
                    let next = tokio::select! {
                        next = coming.recv() => next,
                        progress = writer.progress() => {
                            progress?;
                            continue;
                        }
                    };
                    match next {
                        Some(bytes) => writer.write(bytes).await?,
                        None if is_complete.try_recv().is_ok() => return writer.finish().await.map(drop),
                        // The guest gave it up.
                        None => return writer.abort().await,
                    }
                }
            };
            let outcome = match timeout {
                None => work.await,
                Some(limit) => match tokio::time::timeout(limit, work).await {
                    Ok(outcome) => outcome,
                    Err(late) => Err(store::ObjectError::new(
                        store::Operation::Put,
                        "of this upload",
                        ErrorKind::Retry,
                        format!("it took longer than {limit:?} ({late})"),
                    )),
                },
            };
            if let Err(error) = &outcome {
                *report.lock().unwrap_or_else(PoisonError::into_inner) = Some(told(error));
            }
            drop((share, started));
            // Closed only now, so that who finds it closed finds the reason too.
            drop(coming);
            let _ = ended.send(outcome.map_err(|error| error.report()));
        });
        Ok(Self { bytes, complete, done, failed })
    }

    /// Waits until there is room for these bytes.
    pub(super) async fn send(&mut self, bytes: Bytes) -> Result<(), ObjectError> {
        if self.bytes.send(bytes).await.is_ok() {
            return Ok(());
        }
        let failed = self.failed.lock().unwrap_or_else(PoisonError::into_inner).clone();
        Err(failed.unwrap_or_else(|| ObjectError::Other(STOPPED.to_owned())))
    }

    /// There are no more.
    pub(super) fn finish(self) -> impl Future<Output = Result<(), String>> + Send + 'static {
        let Self { bytes, complete, done, failed: _ } = self;
        // Where it has failed already, `done` says so.
        let _ = complete.send(());
        drop(bytes);
        async { done.await.unwrap_or_else(|_| Err(STOPPED.to_owned())) }
    }
}

/// Puts all that a stream gives.
pub(super) fn put_stream(
    objects: Arc<dyn Objects>,
    name: ObjectName,
    said: Said,
    mut body: Box<dyn ByteStream>,
    account: &Account,
    service: &Service,
) -> Result<impl Future<Output = Result<(), String>> + Send + 'static, ObjectError> {
    let share = account.held.take(MEMORY).map_err(|full| too_much(&full))?;
    let Said { options, timeout } = said;
    let source = name.clone();
    let work = async move {
        let _share = share;
        let mut writer = ObjectWriter::new(objects, name, options, POLICY);
        loop {
            let read = tokio::select! {
                read = body.read(PIECE) => read,
                progress = writer.progress() => {
                    progress?;
                    continue;
                }
            };
            let failed = |reason| {
                store::ObjectError::new(store::Operation::Put, &source, ErrorKind::Retry, Source(reason))
            };
            match read.map_err(failed)? {
                bytes if bytes.is_empty() => return writer.finish().await,
                bytes => writer.write(bytes).await?,
            }
        }
    };
    account.puts.start(work, timeout, service)
}

/// What came could not be read.
#[derive(Debug, thiserror::Error)]
#[error("the stream that it is made of failed: {0}")]
struct Source(String);
