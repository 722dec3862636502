use std::fmt;
use std::future::Future;
use std::pin::Pin;

/// Work that the host does while the guest goes on.
pub struct Operation {
    id: u64,
    work: Pin<Box<dyn Future<Output = Result<(), String>> + Send>>,
    outcome: Option<Result<(), String>>,
}

impl Operation {
    /// An operation with a number that is unique in its instance. `work` must be under way
    /// already: nobody may poll it for a while.
    pub fn new(id: u64, work: impl Future<Output = Result<(), String>> + Send + 'static) -> Self {
        Self { id, work: Box::pin(work), outcome: None }
    }

    #[must_use]
    pub fn id(&self) -> u64 {
        self.id
    }

    /// How it ended; `None` before [`Operation::finish`] has seen the end.
    #[must_use]
    pub fn outcome(&self) -> Option<&Result<(), String>> {
        self.outcome.as_ref()
    }

    /// Waits for the end.
    ///
    /// # Errors
    /// The reason why the work failed.
    ///
    /// # Cancel safety
    /// Safe: the work goes on, and the outcome is kept once it is there.
    pub async fn finish(&mut self) -> Result<(), String> {
        if self.outcome.is_none() {
            self.outcome = Some((&mut self.work).await);
        }
        self.outcome.clone().unwrap_or(Ok(()))
    }
}

impl fmt::Debug for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Operation")
            .field("id", &self.id)
            .field("outcome", &self.outcome)
            .finish_non_exhaustive()
    }
}
