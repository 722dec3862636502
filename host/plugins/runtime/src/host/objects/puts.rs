//! How much a component has under way.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use forebay_storage_objects as store;
use tokio::sync::{Semaphore, oneshot};

use super::ObjectError;
use super::tasks::STOPPED;
use crate::host::http::Service;

/// How many puts of one component wait beside those that are under way.
const WAITING: usize = 1_000;

/// The puts and deletions of one component, those of instances that are gone included.
#[derive(Debug)]
pub(crate) struct Puts {
    /// One for each that may be under way; others wait.
    places: Arc<Semaphore>,
    /// How many are under way or wait, and how many may.
    started: Arc<AtomicUsize>,
    most: usize,
}

/// Counts a put until it is dropped.
pub(super) struct Started(Arc<AtomicUsize>);

impl Drop for Started {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Puts {
    /// For a component that may have so many under way at once, and at least one.
    pub(crate) fn new(under_way: usize) -> Self {
        let under_way = under_way.clamp(1, Semaphore::MAX_PERMITS / 2);
        let places = Arc::new(Semaphore::new(under_way));
        Self { places, started: Arc::default(), most: under_way.saturating_add(WAITING) }
    }

    /// A place in the queue.
    pub(super) fn queue(&self) -> Result<Started, ObjectError> {
        let started = Started(Arc::clone(&self.started));
        if self.started.fetch_add(1, Ordering::Relaxed) >= self.most {
            let problem =
                format!("{} puts of this component are under way or wait: wait for their ends", self.most);
            return Err(ObjectError::Unavailable(problem));
        }
        Ok(started)
    }

    /// Starts what is done when it has a place, in time; it goes on when nobody waits for it.
    pub(super) fn start<T: Send + 'static>(
        &self,
        work: impl Future<Output = Result<T, store::ObjectError>> + Send + 'static,
        timeout: Option<Duration>,
        service: &Service,
    ) -> Result<impl Future<Output = Result<(), String>> + Send + 'static, ObjectError> {
        let started = self.queue()?;
        let spawner = service.spawner().map_err(ObjectError::Other)?;
        let places = Arc::clone(&self.places);
        let (done, ended) = oneshot::channel();
        spawner.spawn(async move {
            // Never closed.
            let _place = places.acquire_owned().await;
            let outcome = match timeout {
                None => work.await.map(drop).map_err(|error| error.report()),
                Some(limit) => match tokio::time::timeout(limit, work).await {
                    Ok(outcome) => outcome.map(drop).map_err(|error| error.report()),
                    Err(_) => Err(format!("it took longer than {limit:?}; it may be done all the same")),
                },
            };
            drop(started);
            // Whoever started it may have gone; it was done all the same.
            let _ = done.send(outcome);
        });
        Ok(async { ended.await.unwrap_or_else(|_| Err(STOPPED.to_owned())) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_queue_of_a_component_has_an_end() {
        let puts = Puts::new(2);
        let waiting: Vec<_> = (0..1_002).map(|_| puts.queue().unwrap()).collect();
        assert!(matches!(puts.queue(), Err(ObjectError::Unavailable(_))));
        drop(waiting);
        assert!(puts.queue().is_ok());
    }
}
