use std::fmt;
use std::future::Future;
use std::io;
use std::time::Duration;

use tokio::runtime::{Builder, Runtime};

use crate::Spawner;

/// A runtime whose tasks run on whichever of its threads is free: for servers, whose work waits much and computes
/// little at a time. Guests run on [`Threads`](crate::Threads) instead.
pub struct Workers(Option<Runtime>);

/// How long threads that read or write files are waited for at the end.
const LAST_FILES: Duration = Duration::from_secs(5);

impl Workers {
    /// Starts `count` threads named `name`.
    ///
    /// # Errors
    /// When the system refuses a thread.
    pub fn start(name: &str, count: usize) -> io::Result<Self> {
        let runtime = Builder::new_multi_thread()
            .worker_threads(count.max(1))
            .thread_name(name)
            .enable_all()
            .build()?;
        Ok(Self(Some(runtime)))
    }

    /// What starts tasks on these threads.
    ///
    /// # Panics
    /// Never: the runtime is there until this is dropped.
    #[must_use]
    pub fn spawner(&self) -> Spawner {
        Spawner::on(self.runtime().handle().clone())
    }

    /// Runs `work` to its end, on the thread that asks, with the tasks it starts on the others.
    pub fn block_on<T>(&self, work: impl Future<Output = T>) -> T {
        self.runtime().block_on(work)
    }

    fn runtime(&self) -> &Runtime {
        self.0.as_ref().expect("taken by drop alone")
    }
}

impl Drop for Workers {
    /// Tasks that still run are dropped where they wait.
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_timeout(LAST_FILES);
        }
    }
}

impl fmt::Debug for Workers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Workers").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::oneshot;

    use super::*;

    #[test]
    fn a_task_runs_on_another_thread() {
        let workers = Workers::start("worker", 2).unwrap();
        let (tell, told) = oneshot::channel();
        workers.spawner().spawn(async move {
            let _ = tell.send(std::thread::current().id());
        });
        assert_ne!(workers.block_on(told).unwrap(), std::thread::current().id());
    }
}
