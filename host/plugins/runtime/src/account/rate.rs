use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use forebay_lifecycle::clock;
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};

use crate::limits::Limit;
use crate::plugin::PluginMetrics;

/// So much of something in a second, and how much it is.
#[derive(Debug)]
pub(super) struct Rate {
    /// Absent where nothing at all is allowed.
    limiter: Option<DefaultDirectRateLimiter>,
    start: std::time::Instant,
    /// Which second this is since the start, and how many there were in it.
    second: AtomicU64,
    count: AtomicU64,
}

impl Rate {
    pub(super) fn new(most: u32) -> Self {
        Self {
            limiter: NonZeroU32::new(most).map(|most| RateLimiter::direct(Quota::per_second(most))),
            start: clock::now(),
            second: AtomicU64::new(0),
            count: AtomicU64::new(0),
        }
    }

    /// Takes one, if there is one left.
    pub(super) fn take(&self, metrics: &PluginMetrics, limit: Limit) -> bool {
        let second = clock::now().saturating_duration_since(self.start).as_secs();
        if self.second.swap(second, Ordering::Relaxed) != second {
            let count = self.count.swap(0, Ordering::Relaxed);
            metrics.used_time(limit, Duration::from_secs(count));
        }
        self.count.fetch_add(1, Ordering::Relaxed);
        self.limiter.as_ref().is_some_and(|limiter| limiter.check().is_ok())
    }
}
