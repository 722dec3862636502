use std::fmt;
use std::thread::JoinHandle;

use forebay_lifecycle::clock;
use forebay_model::Timestamp;
use forebay_storage_metadata::StoreFailure;
use rusqlite::Connection;
use std::sync::Arc;
use tokio::sync::{mpsc, oneshot};

use crate::ends::{Effect, Ends};
use crate::open::OpenError;
use crate::recent::Recent;
use crate::trouble::Trouble;
use forebay_storage_metadata::Clock;

/// How many calls wait for the writer at most; who comes later waits for a place.
const QUEUE: usize = 1_024;

/// How many calls are committed together at most. Past it the first would wait for too much work of others.
const TOGETHER: usize = 256;

/// The thread that owns the connection that writes.
pub(crate) struct Writer {
    jobs: Option<mpsc::Sender<Box<dyn Job>>>,
    thread: Option<JoinHandle<()>>,
}

/// What a call has while it runs on the writer's thread, inside of a transaction.
pub(crate) struct Writing<'a> {
    pub(crate) connection: &'a Connection,
    /// The store's clock, read once for the call.
    pub(crate) now: Timestamp,
    /// For commits only: any other call that writes has it forgotten.
    pub(crate) recent: &'a mut Recent,
    is_remembered: bool,
    /// What the call did must not be committed.
    is_failed: bool,
    effects: &'a mut Vec<Effect>,
}

/// How what a call did is undone when it fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Undo {
    /// By a savepoint: there are others in its transaction.
    Savepoint,
    /// With the transaction, which is its own. A savepoint would have SQLite keep a copy of every page that changes.
    Transaction,
}

impl Writing<'_> {
    /// Says what is to be told when the call is committed.
    pub(crate) fn then(&mut self, effect: Effect) {
        self.effects.push(effect);
    }

    /// Says that the call writes neither to logs nor to what they remember of producers.
    pub(crate) fn leaves_logs(&mut self) {
        self.is_remembered = true;
    }

    /// Says what partitions and producers have become by everything that the call wrote to them.
    pub(crate) fn remember(&mut self, recent: Recent) {
        *self.recent = recent;
        self.is_remembered = true;
    }
}

/// A call, together with who waits for its answer.
trait Job: Send {
    fn run(self: Box<Self>, writing: &mut Writing<'_>, undo: Undo) -> Box<dyn Answer>;
    /// The call never ran.
    fn refuse(self: Box<Self>, failure: StoreFailure);
}

/// An answer that waits for the commit.
trait Answer {
    /// `Err` when what the call did has not, or perhaps not, been committed.
    fn give(self: Box<Self>, committed: &Result<(), StoreFailure>);
}

struct Call<W, T, E> {
    work: W,
    answer: oneshot::Sender<Result<Result<T, E>, StoreFailure>>,
}

struct Given<T, E> {
    result: Result<Result<T, E>, Trouble>,
    answer: oneshot::Sender<Result<Result<T, E>, StoreFailure>>,
}

impl<W, T, E> Job for Call<W, T, E>
where
    W: FnOnce(&mut Writing<'_>) -> Result<Result<T, E>, Trouble> + Send,
    T: Send + 'static,
    E: Send + 'static,
{
    fn run(self: Box<Self>, writing: &mut Writing<'_>, undo: Undo) -> Box<dyn Answer> {
        let Self { work, answer } = *self;
        let before = writing.effects.len();
        let changes = writing.connection.total_changes();
        let result = match undo {
            Undo::Savepoint => under_savepoint(writing, work),
            Undo::Transaction => work(writing),
        };
        let is_done = matches!(result, Ok(Ok(_)));
        if !is_done {
            writing.effects.truncate(before);
        }
        if writing.connection.total_changes() != changes {
            if !(is_done && writing.is_remembered) {
                writing.recent.forget();
            }
            writing.is_failed = !is_done && undo == Undo::Transaction;
        }
        Box::new(Given { result, answer })
    }

    fn refuse(self: Box<Self>, failure: StoreFailure) {
        // Who no longer waits does not need it.
        let _ = self.answer.send(Err(failure));
    }
}

impl<T, E> Answer for Given<T, E> {
    fn give(self: Box<Self>, committed: &Result<(), StoreFailure>) {
        let answer = match (self.result, committed) {
            (Ok(Ok(_)), Err(failure)) => Err(failure.clone()),
            (Ok(done), _) => Ok(done),
            (Err(trouble), _) => Err(trouble.into()),
        };
        let _ = self.answer.send(answer);
    }
}

/// What a call did is undone unless it is done.
fn under_savepoint<T, E>(
    writing: &mut Writing<'_>,
    work: impl FnOnce(&mut Writing<'_>) -> Result<Result<T, E>, Trouble>,
) -> Result<Result<T, E>, Trouble> {
    let connection = writing.connection;
    connection.prepare_cached("SAVEPOINT call")?.execute([])?;
    let result = work(writing);
    // An error may have ended the whole transaction; then there is nothing to go back to.
    if !connection.is_autocommit() {
        if !matches!(result, Ok(Ok(_))) {
            connection.prepare_cached("ROLLBACK TO call")?.execute([])?;
        }
        connection.prepare_cached("RELEASE call")?.execute([])?;
    }
    result
}

impl Writer {
    /// Starts the thread.
    pub(crate) fn start(
        connection: Connection,
        clock: Arc<dyn Clock>,
        ends: Arc<Ends>,
    ) -> Result<Self, OpenError> {
        let (jobs, waiting) = mpsc::channel(QUEUE);
        let thread = std::thread::Builder::new()
            .name("metadata-writer".to_owned())
            .spawn(move || Thread { connection, clock, ends, recent: Recent::default() }.run(waiting))
            .map_err(OpenError::Thread)?;
        Ok(Self { jobs: Some(jobs), thread: Some(thread) })
    }

    /// Runs `work` in a transaction, and answers when that is committed.
    pub(crate) async fn call<T, E>(
        &self,
        work: impl FnOnce(&mut Writing<'_>) -> Result<Result<T, E>, Trouble> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreFailure> + Send + 'static,
    {
        let (answer, given) = oneshot::channel();
        let ended = || StoreFailure::Unavailable { reason: "its thread has ended".to_owned() };
        let Some(jobs) = &self.jobs else { return Err(ended().into()) };
        jobs.send(Box::new(Call { work, answer })).await.map_err(|_| ended())?;
        // The thread was lost with the call: whether it had committed it is not known.
        let lost = || StoreFailure::Unsettled { reason: "its thread has ended".to_owned() };
        given.await.map_err(|_| lost())??
    }
}

impl Drop for Writer {
    /// Waits until all calls that have a place are committed.
    fn drop(&mut self) {
        self.jobs = None;
        if let Some(thread) = self.thread.take() {
            // A thread that panicked has said so on standard error already.
            let _ = thread.join();
        }
    }
}

impl fmt::Debug for Writer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Writer").finish_non_exhaustive()
    }
}

struct Thread {
    connection: Connection,
    clock: Arc<dyn Clock>,
    ends: Arc<Ends>,
    recent: Recent,
}

impl Thread {
    fn run(mut self, mut waiting: mpsc::Receiver<Box<dyn Job>>) {
        let mut jobs = Vec::with_capacity(TOGETHER);
        while waiting.blocking_recv_many(&mut jobs, TOGETHER) > 0 {
            let began = clock::now();
            let calls = jobs.len();
            self.together(&mut jobs);
            tracing::trace!(calls, elapsed = ?began.elapsed(), "committed");
        }
        // So that the file has everything when it is copied by hand. Readers may still hold the log.
        let _ = self.connection.execute_batch("PRAGMA optimize; PRAGMA wal_checkpoint(TRUNCATE)");
    }

    /// Runs calls in one transaction.
    fn together(&mut self, jobs: &mut Vec<Box<dyn Job>>) {
        if let Err(error) = self.begin() {
            let failure = StoreFailure::from(error);
            for job in jobs.drain(..) {
                job.refuse(failure.clone());
            }
            return;
        }
        let mut effects = Vec::new();
        let mut answers = Vec::with_capacity(jobs.len());
        let undo = if jobs.len() == 1 { Undo::Transaction } else { Undo::Savepoint };
        let mut is_failed = false;
        for job in jobs.drain(..) {
            if self.connection.is_autocommit() {
                job.refuse(abandoned());
                continue;
            }
            let now = self.clock.now();
            let (connection, recent) = (&self.connection, &mut self.recent);
            let effects = &mut effects;
            let mut writing =
                Writing { connection, now, recent, is_remembered: false, is_failed: false, effects };
            answers.push(job.run(&mut writing, undo));
            is_failed |= writing.is_failed;
        }
        let committed = if is_failed { Err(self.abandon()) } else { self.end() };
        match committed {
            Ok(()) => self.ends.apply(effects),
            Err(_) => self.recent.forget(),
        }
        for answer in answers {
            answer.give(&committed);
        }
    }

    fn begin(&mut self) -> Result<(), Trouble> {
        if !self.connection.is_autocommit() {
            // A commit failed and could not be rolled back then.
            self.connection.execute_batch("ROLLBACK")?;
        }
        self.connection.prepare_cached("BEGIN IMMEDIATE")?.execute([])?;
        self.recent.check(&self.connection)
    }

    /// Undoes everything.
    fn abandon(&self) -> StoreFailure {
        if !self.connection.is_autocommit() {
            // If that fails, it is tried again before the next transaction.
            let _ = self.connection.execute_batch("ROLLBACK");
        }
        abandoned()
    }

    fn end(&self) -> Result<(), StoreFailure> {
        if self.connection.is_autocommit() {
            return Err(abandoned());
        }
        let committed = self.connection.prepare_cached("COMMIT").and_then(|mut commit| commit.execute([]));
        let Err(error) = committed else { return Ok(()) };
        // What was written to the log may be there after a crash, or not.
        let reason = error.to_string();
        if !self.connection.is_autocommit() {
            let _ = self.connection.execute_batch("ROLLBACK");
        }
        Err(StoreFailure::Unsettled { reason })
    }
}

/// For calls whose transaction SQLite has ended because of another's error, as when the disk is full.
fn abandoned() -> StoreFailure {
    StoreFailure::Unavailable { reason: "the transaction was rolled back".to_owned() }
}
