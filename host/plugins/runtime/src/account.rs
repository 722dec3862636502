//! What the instances of one component have used: rates and pauses outlive an instance that was lost.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use forebay_lifecycle::{Backoff, clock};
use forebay_plugins_api::Setup;
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};

use crate::held::Held;
use crate::host::files::Replacements;
use crate::host::http::Requests;
use crate::limits::{Limit, Limits, Refusal};
use crate::plugin::PluginMetrics;

/// The limits of one component, and what it has used of them.
#[derive(Debug)]
pub(crate) struct Account {
    pub(crate) limits: Arc<Limits>,
    pub(crate) metrics: PluginMetrics,
    /// Absent where nothing at all is allowed.
    host_calls: Option<DefaultDirectRateLimiter>,
    log_lines: Option<DefaultDirectRateLimiter>,
    /// Lines of log that were left out since the last one that was not.
    left_out: AtomicU64,
    streams: Arc<AtomicUsize>,
    /// The bytes of what goes on when its instance is gone: bodies of requests and responses, and what is
    /// on its way to files.
    pub(crate) held: Arc<Held>,
    pub(crate) requests: Requests,
    pub(crate) replacements: Replacements,
}

/// A line of log that may be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct MayLog {
    /// How many before it were left out.
    pub(crate) left_out: u64,
}

/// The right to keep a file, a stream or a connection open; dropping it gives it back.
#[derive(Debug)]
pub(crate) struct StreamPermit(Arc<AtomicUsize>);

impl Account {
    pub(crate) fn new(limits: Limits, metrics: PluginMetrics) -> Self {
        let limiter =
            |most: u32| NonZeroU32::new(most).map(|most| RateLimiter::direct(Quota::per_second(most)));
        Self {
            host_calls: limiter(limits.host_calls),
            log_lines: limiter(limits.log_lines),
            left_out: AtomicU64::new(0),
            streams: Arc::default(),
            held: Held::new(limits.batches),
            requests: Requests::default(),
            replacements: Replacements::default(),
            limits: Arc::new(limits),
            metrics,
        }
    }

    /// Counts a call of a capability that acts outside the instance.
    ///
    /// # Errors
    /// A [`Refusal`] when there are too many.
    pub(crate) fn host_call(&self) -> wasmtime::Result<()> {
        self.metrics.host_calls.inc();
        if self.host_calls.as_ref().is_some_and(|calls| calls.check().is_ok()) {
            return Ok(());
        }
        let most = self.limits.host_calls;
        Err(Refusal::limit(Limit::HostCalls, format!("more than {most} calls of the host in a second")))
    }

    /// Whether a line of log may be written. One that may not is counted.
    pub(crate) fn may_log(&self) -> Option<MayLog> {
        self.metrics.log_lines.inc();
        if self.log_lines.as_ref().is_some_and(|lines| lines.check().is_ok()) {
            return Some(MayLog { left_out: self.left_out.swap(0, Ordering::Relaxed) });
        }
        self.left_out.fetch_add(1, Ordering::Relaxed);
        self.metrics.struck(Limit::LogLines);
        None
    }

    /// The right to open one more file, stream or connection.
    ///
    /// # Errors
    /// Words for the guest when too many are open.
    pub(crate) fn stream(&self) -> Result<StreamPermit, String> {
        let permit = StreamPermit(Arc::clone(&self.streams));
        let open = self.streams.fetch_add(1, Ordering::Relaxed) + 1;
        self.metrics.used(Limit::Streams, open);
        if open > self.limits.streams {
            self.metrics.struck(Limit::Streams);
            return Err(format!("more than {} files, streams and connections are open", self.limits.streams));
        }
        Ok(permit)
    }
}

impl Drop for StreamPermit {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Pauses between the instances of a component that is lost again and again.
#[derive(Debug)]
pub(crate) struct Pauses {
    longest: Duration,
    /// CPU time that a component may lose before it has to pause, beyond what it has put to use.
    allowance: Duration,
    /// CPU time that was lost, less that of calls that went well.
    wasted: Duration,
    /// Losses since the last call that went well.
    losses: u32,
    backoff: Backoff,
    until: Option<std::time::Instant>,
}

/// So many losses in a row cost no pause: the halving of a batch around one bad message makes a few.
const FREE_LOSSES: u32 = 12;
const FIRST_PAUSE: Duration = Duration::from_millis(10);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// Past the allowance, a lost call is followed by a pause of that many times its CPU time: what never
/// gives a result gets a twentieth of a core.
const CPU_PAUSE: u32 = 19;
/// The allowance, in calls that use all the CPU time they may.
const FREE_CALLS: u32 = 2;

impl Pauses {
    pub(crate) fn new(limits: &Limits) -> Self {
        let backoff = Backoff::new(FIRST_PAUSE, LONGEST_PAUSE);
        Self {
            longest: limits.pause,
            allowance: limits.cpu * FREE_CALLS,
            wasted: Duration::ZERO,
            losses: 0,
            backoff,
            until: None,
        }
    }

    /// Notes that a call that used so much CPU time went well.
    pub(crate) fn good(&mut self, cpu: Duration) {
        self.wasted = self.wasted.saturating_sub(cpu);
        if self.losses > 0 {
            self.losses = 0;
            self.backoff.reset();
        }
    }

    /// Notes that an instance was lost in a call that had used so much CPU time.
    pub(crate) fn lost(&mut self, cpu: Duration) {
        self.losses += 1;
        self.wasted += cpu;
        let excess = self.wasted.saturating_sub(self.allowance);
        // What is paid for by a pause does not count again.
        self.wasted = self.wasted.min(self.allowance);
        let after_cpu = excess * CPU_PAUSE;
        let after_losses = if self.losses > FREE_LOSSES { self.backoff.pause() } else { Duration::ZERO };
        let pause = after_cpu.max(after_losses).min(self.longest);
        self.until = (!pause.is_zero()).then(|| clock::now() + pause);
    }

    /// Waits until the next instance may be made, or the pipeline stops.
    pub(crate) async fn wait(&mut self, plugin: &str, setup: &Setup) {
        let Some(pause) = self.left() else { return };
        let path = setup.path.as_str();
        tracing::warn!(
            plugin,
            path,
            ?pause,
            "its instances are lost again and again, the next one has to wait"
        );
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = setup.wakes.wait_for_shutdown() => {}
        }
    }

    /// How long the next instance has to wait; `None`: not at all.
    fn left(&mut self) -> Option<Duration> {
        let until = self.until.take()?;
        Some(until.saturating_duration_since(clock::now())).filter(|left| !left.is_zero())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account(limits: Limits) -> Account {
        Account::new(limits, PluginMetrics::new(&forebay_metrics::Metrics::default(), &"x".parse().unwrap()))
    }

    #[test]
    fn log_lines_past_the_limit_are_left_out_and_counted() {
        let account = account(Limits { log_lines: 2, ..Limits::default() });
        assert_eq!(account.may_log(), Some(MayLog { left_out: 0 }));
        assert_eq!(account.may_log(), Some(MayLog { left_out: 0 }));
        assert_eq!(account.may_log(), None);
        assert_eq!(account.left_out.load(Ordering::Relaxed), 1);
    }

    #[test]
    fn nothing_is_allowed_where_the_limit_is_nothing() {
        let account = account(Limits { log_lines: 0, host_calls: 0, ..Limits::default() });
        assert_eq!(account.may_log(), None);
        assert!(account.host_call().is_err());
    }

    #[test]
    fn a_stream_that_is_dropped_makes_room() {
        let account = account(Limits { streams: 1, ..Limits::default() });
        let first = account.stream().unwrap();
        assert!(account.stream().is_err());
        drop(first);
        assert!(account.stream().is_ok());
    }

    #[test]
    fn what_is_lost_now_and_then_does_not_pause() {
        let mut pauses = Pauses::new(&Limits::default());
        for _ in 0..100 {
            pauses.lost(Duration::from_secs(1));
            pauses.good(Duration::from_secs(2));
        }
        assert_eq!(pauses.left(), None);
    }

    #[test]
    fn what_is_always_lost_pauses() {
        let mut pauses = Pauses::new(&Limits::default());
        (0..=FREE_LOSSES).for_each(|_| pauses.lost(Duration::ZERO));
        assert!(pauses.left().is_some());
    }

    #[test]
    fn cpu_time_lost_past_the_allowance_is_paid_for() {
        let mut pauses = Pauses::new(&Limits { cpu: Duration::from_secs(2), ..Limits::default() });
        pauses.lost(Duration::from_secs(2));
        pauses.lost(Duration::from_secs(2));
        assert_eq!(pauses.left(), None);
        // A short call in between changes nothing.
        pauses.good(Duration::from_millis(1));
        pauses.lost(Duration::from_secs(2));
        assert!(pauses.left().unwrap() > Duration::from_secs(30));
    }
}
