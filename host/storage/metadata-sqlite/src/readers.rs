use std::fmt;
use std::path::Path;
use std::thread::JoinHandle;

use forebay_storage_metadata::StoreFailure;
use rusqlite::Connection;
use tokio::sync::oneshot;

use crate::open::{self, OpenError};
use crate::trouble::Trouble;

/// How many threads read. Fetches come in bursts when a commit wakes them; each is short.
const THREADS: usize = 2;

/// How many calls wait for a reader at most; who comes later waits for a place.
const QUEUE: usize = 1_024;

type Job = Box<dyn FnOnce(&Connection) + Send>;

/// Threads with a connection each that only reads.
pub(crate) struct Readers {
    jobs: async_channel::Sender<Job>,
    threads: Vec<JoinHandle<()>>,
}

impl Readers {
    /// Starts the threads, on a file that has its tables.
    pub(crate) fn start(path: &Path) -> Result<Self, OpenError> {
        let (jobs, waiting) = async_channel::bounded::<Job>(QUEUE);
        let mut readers = Self { jobs, threads: Vec::new() };
        for index in 0..THREADS {
            let connection = open::reading(path)?;
            let waiting = waiting.clone();
            let body = move || {
                while let Ok(job) = waiting.recv_blocking() {
                    job(&connection);
                }
            };
            let thread = std::thread::Builder::new().name(format!("metadata-reader-{index}"));
            readers.threads.push(thread.spawn(body).map_err(OpenError::Thread)?);
        }
        Ok(readers)
    }

    /// Runs `work` on one state of all tables, which has all that was answered before.
    pub(crate) async fn call<T, E>(
        &self,
        work: impl FnOnce(&Connection) -> Result<Result<T, E>, Trouble> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreFailure> + Send + 'static,
    {
        let (answer, given) = oneshot::channel();
        let ended = || StoreFailure::Unavailable { reason: "its thread has ended".to_owned() };
        let job: Job = Box::new(move |connection| {
            // Who no longer waits needs no answer, and no work.
            if !answer.is_closed() {
                let _ = answer.send(at_once(connection, work).map_err(StoreFailure::from));
            }
        });
        self.jobs.send(job).await.map_err(|_| ended())?;
        given.await.map_err(|_| ended())??
    }
}

fn at_once<T, E>(
    connection: &Connection,
    work: impl FnOnce(&Connection) -> Result<Result<T, E>, Trouble>,
) -> Result<Result<T, E>, Trouble> {
    connection.prepare_cached("BEGIN")?.execute([])?;
    let result = work(connection);
    if !connection.is_autocommit() {
        connection.prepare_cached("ROLLBACK")?.execute([])?;
    }
    result
}

impl Drop for Readers {
    fn drop(&mut self) {
        self.jobs.close();
        for thread in self.threads.drain(..) {
            // A thread that panicked has said so on standard error already.
            let _ = thread.join();
        }
    }
}

impl fmt::Debug for Readers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Readers").finish_non_exhaustive()
    }
}
