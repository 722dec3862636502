//! Work on the threads for HTTP.

use std::future::Future;

use forebay_storage_objects as store;
use tokio::sync::oneshot;

use super::ObjectError;
use super::convert::told;
use crate::host::http::Service;

/// Runs work on the threads for HTTP; it is given up when nobody waits for it any more.
pub(super) async fn elsewhere<T: Send + 'static>(
    service: &Service,
    work: impl Future<Output = Result<T, store::ObjectError>> + Send + 'static,
) -> Result<T, ObjectError> {
    answer(started(service, work)?.await)
}

/// Starts work on the threads for HTTP; it is given up when what this returns is dropped.
pub(super) fn started<T: Send + 'static>(
    service: &Service,
    work: impl Future<Output = T> + Send + 'static,
) -> Result<oneshot::Receiver<T>, ObjectError> {
    let spawner = service.spawner().map_err(ObjectError::Other)?;
    let (mut done, result) = oneshot::channel();
    spawner.spawn(async move {
        tokio::select! {
            biased;
            () = done.closed() => {}
            ended = work => drop(done.send(ended)),
        }
    });
    Ok(result)
}

/// What became of work, for the guest.
pub(super) fn answer<T>(
    ended: Result<Result<T, store::ObjectError>, oneshot::error::RecvError>,
) -> Result<T, ObjectError> {
    match ended {
        Ok(ended) => ended.map_err(|error| told(&error)),
        Err(_) => Err(ObjectError::Other(STOPPED.to_owned())),
    }
}

/// The threads are gone.
pub(super) const STOPPED: &str = "the process stops";
