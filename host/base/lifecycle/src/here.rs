use std::fmt;
use std::future::Future;

use tokio::task::JoinHandle;

/// A task on the thread that started it, beside the task that did. It ends when this is dropped.
pub struct Here(JoinHandle<()>);

impl Here {
    /// Starts a task on the runtime of the calling thread.
    ///
    /// # Panics
    /// Outside of a runtime.
    #[expect(clippy::disallowed_methods, reason = "this is the replacement that the lint names")]
    pub fn spawn(work: impl Future<Output = ()> + Send + 'static) -> Self {
        Self(tokio::task::spawn(work))
    }

    /// Starts a task that nobody waits for: it must come to an end by itself. It is dropped where it
    /// waits when its thread ends.
    ///
    /// # Panics
    /// Outside of a runtime.
    #[expect(clippy::disallowed_methods, reason = "this is the replacement that the lint names")]
    pub fn spawn_detached(work: impl Future<Output = ()> + Send + 'static) {
        drop(tokio::task::spawn(work));
    }
}

impl Drop for Here {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl fmt::Debug for Here {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Here").finish_non_exhaustive()
    }
}
