//! Waiting for what an instance has under way, before a newer build takes over.

use std::time::Duration;

use forebay_plugins_api::Wakes;

use crate::flight::Sky;

/// How long an input or an output may stand still for that. What is under way for longer goes on with the
/// old instance; it is tried again after as long a time.
pub(crate) const MOST_DRAINING: Duration = Duration::from_secs(10);

/// When a drain may be tried.
#[derive(Debug, Default)]
pub(crate) struct Drain {
    not_before: Option<tokio::time::Instant>,
}

impl Drain {
    pub(crate) fn may_begin(&self) -> bool {
        self.not_before.is_none_or(|moment| tokio::time::Instant::now() >= moment)
    }

    /// Waits until nothing is in flight; whether that came to be in time, and before a shutdown.
    pub(crate) async fn is_over(&mut self, sky: &Sky, path: &str, wakes: &Wakes) -> bool {
        tokio::select! {
            biased;
            () = sky.empty() => true,
            () = wakes.wait_for_shutdown() => false,
            () = tokio::time::sleep(MOST_DRAINING) => {
                self.failed(path);
                false
            }
        }
    }

    /// Notes that it took too long.
    pub(crate) fn failed(&mut self, path: &str) {
        tracing::warn!(path, after = ?MOST_DRAINING, "a newer build waits, something is still under way in the old one");
        self.not_before = Some(tokio::time::Instant::now() + MOST_DRAINING);
    }
}
