use std::fmt;
use std::time::Duration;

use super::{ObjectError, granted, since, wit};
use crate::http::Text;
use crate::operation::Operation;

/// A queue of SQS, in which a bucket tells of new objects.
pub struct Queue(Place);

enum Place {
    Host(wit::Queue),
    #[cfg(not(target_arch = "wasm32"))]
    Memory(crate::testing::MemoryQueue),
}

/// A message of a queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueueMessage {
    /// The same when it comes again.
    pub id: String,
    pub body: String,
    /// By what it is deleted or released, as long as the queue hides it from others.
    pub receipt: String,
    /// Since 1970-01-01T00:00:00Z, by the clock of the service.
    pub sent: Option<Duration>,
}

impl Queue {
    /// Opens a queue by its url; nothing is sent yet. Settings are those of a store of `s3://`, but for `endpoint`: where
    /// the service is, if that is not where the url says.
    ///
    /// # Errors
    /// When it is not granted, or a setting is wrong.
    pub fn open<'a>(
        url: &str,
        settings: impl IntoIterator<Item = (&'a str, Text)>,
    ) -> Result<Self, ObjectError> {
        let settings: Vec<_> = settings.into_iter().collect();
        #[cfg(not(target_arch = "wasm32"))]
        if let Some(queue) = crate::testing::open_queue(url, &settings) {
            return queue.map(|queue| Self(Place::Memory(queue)));
        }
        let settings = settings
            .into_iter()
            .map(|(name, value)| wit::Setting { name: name.to_owned(), value: value.into_wit() });
        let settings: Vec<_> = settings.collect();
        granted(|| Ok(Self(Place::Host(wit::Queue::open(url, &settings)?))))
    }

    /// Takes up to `most` messages, at most 10, which the queue hides from others for a while. Where there are none, the
    /// service waits for one, for so many seconds, at most 20. Ends early, with none, when something is pending as for
    /// [`waits::wait`](crate::waits::wait): then the next call goes on with the same request.
    ///
    /// # Errors
    /// When the queue can't be reached, or says no.
    pub fn receive(&self, most: u32, seconds: u32) -> Result<Vec<QueueMessage>, ObjectError> {
        match &self.0 {
            Place::Host(queue) => {
                let received = queue.receive(most, seconds)?;
                let message = |wit::QueueMessage { id, body, receipt, sent }| QueueMessage {
                    id,
                    body,
                    receipt,
                    sent: sent.map(since),
                };
                Ok(received.into_iter().map(message).collect())
            }
            #[cfg(not(target_arch = "wasm32"))]
            Place::Memory(queue) => queue.receive(most),
        }
    }

    /// Starts to delete messages, at most 1,000.
    ///
    /// # Errors
    /// When too much is under way.
    pub fn delete(&self, receipts: &[String]) -> Result<Operation, ObjectError> {
        match &self.0 {
            Place::Host(queue) => Ok(queue.delete(receipts)?.into()),
            #[cfg(not(target_arch = "wasm32"))]
            Place::Memory(queue) => Ok(queue.settle(receipts, true)),
        }
    }

    /// Starts to let others have messages at once, at most 1,000.
    ///
    /// # Errors
    /// When too much is under way.
    pub fn release(&self, receipts: &[String]) -> Result<Operation, ObjectError> {
        match &self.0 {
            Place::Host(queue) => Ok(queue.release(receipts)?.into()),
            #[cfg(not(target_arch = "wasm32"))]
            Place::Memory(queue) => Ok(queue.settle(receipts, false)),
        }
    }
}

impl fmt::Debug for Queue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Queue").finish_non_exhaustive()
    }
}
