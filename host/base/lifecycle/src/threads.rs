use std::fmt;
use std::future::Future;
use std::io;
use std::thread::JoinHandle;

use tokio::runtime::{Builder, Handle};

use crate::{Priority, Shutdown};

/// Threads that each run a single-threaded runtime, for work that must stay on its thread or that
/// may keep a core busy. What is spawned on one of them never moves to another.
#[derive(Debug)]
pub struct Threads {
    handles: Vec<Handle>,
    stop: Shutdown,
    running: Vec<JoinHandle<()>>,
}

/// Starts tasks that nobody waits for: each ends by itself, or with its thread, which this does not
/// keep running. What is spawned when the thread has stopped is dropped.
#[derive(Debug, Clone)]
pub struct Spawner(Handle);

impl Spawner {
    /// For the thread that asks.
    ///
    /// # Panics
    /// Outside of a runtime.
    #[must_use]
    pub fn current() -> Self {
        Self(Handle::current())
    }

    pub(crate) fn on(runtime: Handle) -> Self {
        Self(runtime)
    }

    /// Starts a task.
    #[expect(clippy::disallowed_methods, reason = "this is the replacement that the lint names")]
    pub fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) {
        drop(self.0.spawn(work));
    }
}

/// A task that did not reach its end: it panicked, or its thread was stopped.
#[derive(Debug)]
pub struct TaskFailed {
    task: &'static str,
    reason: String,
}

impl Threads {
    /// Starts `count` threads named `name-0`, `name-1` and so on.
    ///
    /// # Errors
    /// When the system refuses a thread or a runtime.
    pub fn start(name: &str, count: usize) -> io::Result<Self> {
        Self::start_with(name, count, Priority::Inherited)
    }

    /// The same with another priority.
    ///
    /// # Errors
    /// When the system refuses a thread or a runtime.
    pub fn start_with(name: &str, count: usize, priority: Priority) -> io::Result<Self> {
        let stop = Shutdown::new();
        let mut threads = Self { handles: Vec::new(), stop: stop.clone(), running: Vec::new() };
        for index in 0..count.max(1) {
            let runtime = Builder::new_current_thread().enable_all().build()?;
            threads.handles.push(runtime.handle().clone());
            let stop = stop.clone();
            let body = move || {
                priority.take();
                runtime.block_on(stop.cancelled());
                // A read that blocks for ever (a terminal) must not keep the process.
                runtime.shutdown_background();
            };
            threads.running.push(std::thread::Builder::new().name(format!("{name}-{index}")).spawn(body)?);
        }
        Ok(threads)
    }

    /// The thread that asks, as if it were one of these: for tests that want all tasks on one thread, in one order.
    ///
    /// # Panics
    /// Outside of a runtime.
    #[must_use]
    pub fn on_current() -> Self {
        Self { handles: vec![Handle::current()], stop: Shutdown::new(), running: Vec::new() }
    }

    /// How many threads there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.handles.len()
    }

    /// Never: there is at least one thread.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        false
    }

    /// What starts tasks on thread `index` (modulo their number), also from tasks on it.
    #[must_use]
    pub fn spawner(&self, index: usize) -> Spawner {
        Spawner(self.handles[index % self.handles.len()].clone())
    }

    /// Runs a task on thread `index` (modulo their number). The returned future gives its result;
    /// dropping that future lets the task run on.
    ///
    /// # Errors
    /// When the task panics or its thread stops before its end.
    #[expect(clippy::disallowed_methods, reason = "this is the replacement that the lint names")]
    pub fn spawn<T: Send + 'static>(
        &self,
        index: usize,
        task: &'static str,
        work: impl Future<Output = T> + Send + 'static,
    ) -> impl Future<Output = Result<T, TaskFailed>> + Send + 'static {
        let handle = self.handles[index % self.handles.len()].spawn(work);
        async move { handle.await.map_err(|error| TaskFailed { task, reason: error.to_string() }) }
    }
}

impl Drop for Threads {
    /// Stops the threads; tasks that still run are dropped where they wait.
    fn drop(&mut self) {
        self.stop.cancel();
        for thread in self.running.drain(..) {
            // A thread that panicked has said so on standard error already.
            let _ = thread.join();
        }
    }
}

impl fmt::Display for TaskFailed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ended early: {}", self.task, self.reason)
    }
}

impl std::error::Error for TaskFailed {}

#[cfg(target_os = "linux")]
#[cfg(test)]
mod tests {
    use rustix::process::getpriority_process;

    use super::*;
    use crate::priority::slices::{self, SLICE};

    /// The slices of a thread, in nanoseconds.
    async fn slice(threads: &Threads) -> u64 {
        let asked = async { slices::of_this_thread().runtime };
        Box::pin(threads.spawn(0, "a look", asked)).await.unwrap()
    }

    /// The nice value of a thread.
    async fn nice(threads: &Threads) -> i32 {
        let asked = async { getpriority_process(None).unwrap() };
        Box::pin(threads.spawn(0, "a look", asked)).await.unwrap()
    }

    #[tokio::test]
    async fn threads_in_the_background_give_way_and_what_they_start_does_too() {
        let own = getpriority_process(None).unwrap();
        let usual = Threads::start("usual", 1).unwrap();
        let behind = Threads::start_with("behind", 1, Priority::Background).unwrap();
        let lowered = (own + Priority::STEP).min(19);
        assert_eq!((nice(&usual).await, nice(&behind).await), (own, lowered));
        let (short, long) = (slice(&usual).await, slice(&behind).await);
        // Kernels before 6.12 have none to tell.
        assert!((short == 0 && long == 0) || (short < long && long == SLICE), "{short} {long}");
        assert_eq!(getpriority_process(None).unwrap(), own, "who starts them stays as it is");
        let starting = behind.spawn(0, "a start", async { Threads::start("started", 1).unwrap() });
        let started = starting.await.unwrap();
        assert_eq!(nice(&started).await, lowered);
        // Joining threads blocks.
        tokio::task::spawn_blocking(move || drop((usual, behind, started))).await.unwrap();
    }
}
