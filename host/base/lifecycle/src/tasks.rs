use std::future::Future;

use tokio_util::task::TaskTracker;

use crate::{Shutdown, Spawner};

/// Tasks that somebody waits for: a server's connections, a store's background work. All of them hear of one shutdown.
#[derive(Debug, Clone)]
pub struct Tasks {
    tracker: TaskTracker,
    shutdown: Shutdown,
    spawner: Spawner,
}

impl Tasks {
    /// On `spawner`'s threads, until `shutdown`.
    #[must_use]
    pub fn new(spawner: Spawner, shutdown: Shutdown) -> Self {
        Self { tracker: TaskTracker::new(), shutdown, spawner }
    }

    /// Starts a task. It is expected to end soon after the shutdown by itself.
    pub fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) {
        self.spawner.spawn(self.tracker.track_future(work));
    }

    /// What tells tasks to end.
    #[must_use]
    pub fn shutdown(&self) -> &Shutdown {
        &self.shutdown
    }

    /// How many run.
    #[must_use]
    pub fn len(&self) -> usize {
        self.tracker.len()
    }

    /// Whether none runs.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.tracker.is_empty()
    }

    /// Waits until all have ended.
    ///
    /// # Cancel safety
    /// Dropping this leaves the tasks as they are.
    pub async fn finished(&self) {
        self.tracker.close();
        self.tracker.wait().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn tasks_are_waited_for() {
        let tasks = Tasks::new(Spawner::current(), Shutdown::new());
        let shutdown = tasks.shutdown().clone();
        tasks.spawn(async move { shutdown.cancelled().await });
        assert_eq!(tasks.len(), 1);
        tasks.shutdown().cancel();
        tasks.finished().await;
        assert!(tasks.is_empty());
    }
}
