use std::any::Any;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

/// Work that the host does while the guest goes on.
pub struct Operation {
    id: u64,
    work: Pin<Box<dyn Future<Output = Result<(), String>> + Send>>,
    outcome: Option<Result<(), String>>,
    payload: Option<Box<dyn Any + Send>>,
}

impl Operation {
    /// An operation with a number that is unique in its instance. `work` must be under way
    /// already: nobody may poll it for a while.
    pub fn new(id: u64, work: impl Future<Output = Result<(), String>> + Send + 'static) -> Self {
        Self { id, work: Box::pin(work), outcome: None, payload: None }
    }

    /// The same with something that whoever started it takes out when it has ended.
    #[must_use]
    pub fn with_payload(self, payload: impl Any + Send) -> Self {
        Self { payload: Some(Box::new(payload)), ..self }
    }

    /// What it was given, if that is of this type and was not taken yet.
    pub fn take_payload<T: Any>(&mut self) -> Option<T> {
        match self.payload.take()?.downcast() {
            Ok(payload) => Some(*payload),
            Err(other) => {
                self.payload = Some(other);
                None
            }
        }
    }

    #[must_use]
    pub fn id(&self) -> u64 {
        self.id
    }

    /// How it ended; `None` while it runs.
    pub fn outcome(&mut self) -> Option<&Result<(), String>> {
        if self.outcome.is_none() {
            // Only a look: whoever waits for the end polls again with a waker of its own.
            let mut context = Context::from_waker(Waker::noop());
            if let Poll::Ready(outcome) = self.work.as_mut().poll(&mut context) {
                self.outcome = Some(outcome);
            }
        }
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
