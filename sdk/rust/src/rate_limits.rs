//! The rate limits of the pipeline, by label. A field of the type
//! [`RateLimitLabel`](crate::config::RateLimitLabel) holds one; no other can be asked. None of these may be
//! called by `open`. Natively, in tests, [`testing::set_rate_limit`](crate::testing::set_rate_limit) says what
//! they answer.

use std::fmt;
use std::time::Duration;

use crate::Operation;
use crate::waits::Woken;

#[cfg(not(target_arch = "wasm32"))]
use native as host;

#[cfg(target_arch = "wasm32")]
use wasm as host;

/// Why a rate limit did not answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RateLimitError {
    /// The configuration of the component does not name this label.
    Denied(String),
    /// The pipeline has none with this label.
    Unknown(String),
    /// Worth another try.
    Failed(String),
}

/// How a wait for a rate limit ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Waited {
    /// The limit lets it go on.
    Admitted,
    /// Something else came first.
    Woken(Woken),
}

/// Asks once whether something may be done now, for messages of so many bytes where it is done for some. Zero
/// is yes; anything else is how long to wait before asking again. Each question counts.
///
/// # Errors
/// When the limit can't be asked, or can't say.
pub fn access(label: &str, bytes: Option<usize>) -> Result<Duration, RateLimitError> {
    host::access(label, bytes)
}

/// Waits until the limit lets it go on: for a time, or for ever. Returns at once, without asking, when
/// something is pending. For inputs.
///
/// # Errors
/// When the limit can't be asked.
pub fn wait(label: &str, bytes: Option<usize>, time: Option<Duration>) -> Result<Waited, RateLimitError> {
    host::wait(label, bytes, time)
}

/// Starts to wait: first for a time, 10 minutes at most, then until the limit lets it go on. The host does that
/// while the plugin goes on; return the operation as pending, and go on when it has succeeded. For processors
/// and outputs.
///
/// # Errors
/// When the limit can't be asked.
pub fn start(label: &str, bytes: Option<usize>, after: Duration) -> Result<Operation, RateLimitError> {
    host::start(label, bytes, after)
}

impl fmt::Display for RateLimitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Denied(message) | Self::Unknown(message) | Self::Failed(message) => f.write_str(message),
        }
    }
}

impl std::error::Error for RateLimitError {}

#[cfg(target_arch = "wasm32")]
mod wasm {
    use std::time::Duration;

    use super::{RateLimitError, Waited};
    use crate::Operation;
    use crate::bindings::capabilities::forebay::rate_limits::rate_limits as wit;

    pub(super) fn access(label: &str, bytes: Option<usize>) -> Result<Duration, RateLimitError> {
        Ok(Duration::from_nanos(wit::access(label, size(bytes))?))
    }

    pub(super) fn wait(
        label: &str,
        bytes: Option<usize>,
        time: Option<Duration>,
    ) -> Result<Waited, RateLimitError> {
        Ok(match wit::wait(label, size(bytes), time.map(nanoseconds))? {
            wit::Waited::Admitted => Waited::Admitted,
            wit::Waited::Woken(woken) => Waited::Woken(woken),
        })
    }

    pub(super) fn start(
        label: &str,
        bytes: Option<usize>,
        after: Duration,
    ) -> Result<Operation, RateLimitError> {
        Ok(wit::start(label, size(bytes), nanoseconds(after))?.into())
    }

    fn size(bytes: Option<usize>) -> Option<u64> {
        bytes.map(|bytes| bytes as u64)
    }

    fn nanoseconds(time: Duration) -> u64 {
        u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
    }

    impl From<wit::RateLimitError> for RateLimitError {
        fn from(error: wit::RateLimitError) -> Self {
            match error {
                wit::RateLimitError::Denied(message) => Self::Denied(message),
                wit::RateLimitError::Unknown(message) => Self::Unknown(message),
                wit::RateLimitError::Failed(message) => Self::Failed(message),
            }
        }
    }
}

#[cfg(not(target_arch = "wasm32"))]
mod native {
    use std::time::Duration;

    use super::{RateLimitError, Waited};
    use crate::waits::Woken;
    use crate::{Operation, testing, waits};

    pub(super) fn access(label: &str, bytes: Option<usize>) -> Result<Duration, RateLimitError> {
        testing::ask_rate_limit(label, bytes)
    }

    pub(super) fn wait(
        label: &str,
        bytes: Option<usize>,
        time: Option<Duration>,
    ) -> Result<Waited, RateLimitError> {
        let mut left = time;
        loop {
            let pending = waits::pending();
            if !pending.is_empty() {
                return Ok(Waited::Woken(pending));
            }
            let period = access(label, bytes)?;
            if period.is_zero() {
                return Ok(Waited::Admitted);
            }
            let woken = waits::wait(Some(left.map_or(period, |left| left.min(period))));
            let is_over = left.is_some_and(|left| left <= period);
            if is_over || woken.intersects(Woken::SETTLEMENT | Woken::SHUTDOWN) {
                return Ok(Waited::Woken(woken));
            }
            left = left.map(|left| left - period);
        }
    }

    pub(super) fn start(_: &str, _: Option<usize>, _: Duration) -> Result<Operation, RateLimitError> {
        Err(RateLimitError::Failed("there are no operations in native tests".to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::{Duration, RateLimitError, Waited, Woken, wait};
    use crate::testing;

    #[test]
    fn a_wait_asks_again_until_it_is_let_go_on_or_its_time_has_passed() {
        let left = Cell::new(2);
        testing::set_rate_limit(move |label, bytes| {
            assert_eq!((label, bytes), ("slow", Some(5)));
            left.set(left.get() - 1);
            Ok(if left.get() < 0 { Duration::ZERO } else { Duration::from_secs(3) })
        });
        let time = Duration::from_secs(4);
        assert_eq!(wait("slow", Some(5), Some(time)), Ok(Waited::Woken(Woken::DEADLINE)));
        assert_eq!(testing::now(), time);
        assert_eq!(wait("slow", Some(5), Some(time)), Ok(Waited::Admitted));
        testing::set_pending(Woken::SHUTDOWN);
        assert_eq!(wait("slow", Some(5), None), Ok(Waited::Woken(Woken::SHUTDOWN)));
        testing::set_pending(Woken::empty());
        testing::set_rate_limit(|_, _| Err(RateLimitError::Unknown("no such limit".to_owned())));
        assert!(wait("slow", None, None).is_err());
    }
}
