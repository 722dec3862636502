//! Starting requests after a pause.

use std::time::Duration;

use forebay_sdk::http::{HttpError, Request};
use forebay_sdk::{Operation, waits};

/// The longest pause: a call that takes longer than a minute would end the instance.
const LONGEST: Duration = Duration::from_secs(50);

/// Starts a request after a pause, for which nothing else of the component runs.
///
/// # Errors
/// When the request can't be sent.
pub(crate) fn after(pause: Duration, request: Request) -> Result<Operation, HttpError> {
    if !pause.is_zero() {
        let _ = waits::wait(Some(pause.min(LONGEST)));
    }
    request.start()
}
