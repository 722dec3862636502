//! What the instances of one component have used: rates and pauses outlive an instance that was lost, and
//! the workers of a component share them.

mod book;
mod pauses;
mod rate;

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use forebay_plugins_api::{Setup, Wakes};

use crate::held::Held;
use crate::host::files::Replacements;
use crate::host::http::Requests;
use crate::host::objects::Puts;
use crate::limits::{Limit, Limits, Refusal};
use crate::plugin::PluginMetrics;

pub(crate) use book::{Book, Owner};
use pauses::Pauses;
use rate::Rate;

/// The limits of one component, and what it has used of them.
#[derive(Debug)]
pub(crate) struct Account {
    pub(crate) limits: Arc<Limits>,
    pub(crate) metrics: PluginMetrics,
    host_calls: Rate,
    log_lines: Rate,
    /// Lines of log that were left out since the last one that was not.
    left_out: AtomicU64,
    /// Nanoseconds that the component has to wait for the lines that were left out.
    owed: AtomicU64,
    streams: Arc<AtomicUsize>,
    pauses: Mutex<Pauses>,
    /// Which samples of metrics there are, by the hash of name and labels, and which names.
    samples: Mutex<(HashSet<u64>, HashSet<u64>)>,
    /// The bytes of what goes on when its instance is gone: bodies of requests and responses, and what is
    /// on its way to files.
    pub(crate) held: Arc<Held>,
    pub(crate) requests: Requests,
    pub(crate) replacements: Replacements,
    pub(crate) puts: Puts,
}

/// Samples of metrics that one component may have, and names of them: all are kept for good.
const MOST_SAMPLES: usize = 1_000;
const MOST_NAMES: usize = 100;

/// What a line that is left out costs a component, in nanoseconds of waiting: some thirty times the CPU time
/// that such a line takes, so that a flood of them gets a thirtieth of a core.
const LEFT_OUT: u64 = 15_000;
/// The same for a byte of its text, which is copied before anyone knows that nobody wants it.
const LEFT_OUT_BYTE: u64 = 10;
/// So much is owed before anyone waits, in nanoseconds: a shorter pause takes longer than it should.
const WORTH_A_PAUSE: u64 = 10_000_000;

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
        Self {
            host_calls: Rate::new(limits.host_calls),
            log_lines: Rate::new(limits.log_lines),
            left_out: AtomicU64::new(0),
            owed: AtomicU64::new(0),
            streams: Arc::default(),
            pauses: Mutex::new(Pauses::new(&limits)),
            samples: Mutex::default(),
            held: Held::new(limits.batches),
            requests: Requests::new(limits.requests),
            replacements: Replacements::default(),
            puts: Puts::new(limits.requests),
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
        if self.host_calls.take(&self.metrics, Limit::HostCalls) {
            return Ok(());
        }
        let most = self.limits.host_calls;
        Err(Refusal::limit(Limit::HostCalls, format!("more than {most} calls of the host in a second")))
    }

    /// Whether a line of log of so many bytes may be written. One that may not is counted, and has to be
    /// waited for.
    pub(crate) fn may_log(&self, bytes: usize) -> Option<MayLog> {
        self.metrics.log_lines.inc();
        if self.log_lines.take(&self.metrics, Limit::LogLines) {
            return Some(MayLog { left_out: self.left_out.swap(0, Ordering::Relaxed) });
        }
        self.left_out.fetch_add(1, Ordering::Relaxed);
        self.owed.fetch_add(LEFT_OUT + LEFT_OUT_BYTE * bytes as u64, Ordering::Relaxed);
        self.metrics.struck(Limit::LogLines);
        None
    }

    /// Whether a sample of the plugin's own metrics has room among those of the component.
    pub(crate) fn may_measure(&self, name: &str, labels: &[(String, String)]) -> bool {
        let hash = |what: &dyn Fn(&mut DefaultHasher)| {
            let mut hasher = DefaultHasher::new();
            what(&mut hasher);
            hasher.finish()
        };
        let sample = hash(&|hasher| (name, labels).hash(hasher));
        let mut samples = self.samples.lock().unwrap_or_else(PoisonError::into_inner);
        let (known, names) = &mut *samples;
        if known.contains(&sample) {
            return true;
        }
        let name = hash(&|hasher| name.hash(hasher));
        let has_room = known.len() < MOST_SAMPLES && (names.contains(&name) || names.len() < MOST_NAMES);
        if has_room {
            known.insert(sample);
            names.insert(name);
        } else {
            self.metrics.samples_left_out.inc();
        }
        has_room
    }

    /// Notes that a call that used so much CPU time went well.
    pub(crate) fn good(&self, cpu: Duration) {
        self.pauses.lock().unwrap_or_else(PoisonError::into_inner).good(cpu);
    }

    /// Notes that an instance was lost in a call that had used so much CPU time.
    pub(crate) fn lost(&self, cpu: Duration) {
        self.pauses.lock().unwrap_or_else(PoisonError::into_inner).lost(cpu);
    }

    /// Waits until the next instance may be made, or the pipeline stops.
    pub(crate) async fn wait(&self, plugin: &str, setup: &Setup) {
        let left = self.pauses.lock().unwrap_or_else(PoisonError::into_inner).left();
        let Some(pause) = left else { return };
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

    /// Waits for what was left out of the log, or until the pipeline stops. A component that has given no
    /// cause does not wait.
    pub(crate) async fn pay(&self, wakes: &Wakes) {
        let Some(pause) = self.due() else { return };
        tokio::select! {
            () = tokio::time::sleep(pause) => self.paid(pause),
            () = wakes.wait_for_shutdown() => {}
        }
    }

    /// How long the next call has to wait, if that is worth a pause. It may be a call that another component
    /// waits for, whose own time it must leave enough of; what is left waits for the call after it.
    fn due(&self) -> Option<Duration> {
        let owed = self.owed.load(Ordering::Relaxed);
        (owed >= WORTH_A_PAUSE).then(|| Duration::from_nanos(owed).min(self.limits.wall / 4))
    }

    fn paid(&self, pause: Duration) {
        let pause = u64::try_from(pause.as_nanos()).unwrap_or(u64::MAX);
        let less = |owed: u64| Some(owed.saturating_sub(pause));
        let _ = self.owed.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less);
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

#[cfg(test)]
mod tests {
    use super::*;

    fn account(limits: Limits) -> Account {
        Account::new(limits, PluginMetrics::new(&forebay_metrics::Metrics::default(), &"x".parse().unwrap()))
    }

    #[test]
    fn log_lines_past_the_limit_are_left_out_and_counted() {
        let account = account(Limits { log_lines: 2, ..Limits::default() });
        assert_eq!(account.may_log(10), Some(MayLog { left_out: 0 }));
        assert_eq!(account.may_log(10), Some(MayLog { left_out: 0 }));
        assert_eq!(account.may_log(10), None);
        assert_eq!(account.left_out.load(Ordering::Relaxed), 1);
    }

    #[test]
    fn lines_that_were_left_out_have_to_be_waited_for() {
        let account = account(Limits { log_lines: 0, ..Limits::default() });
        let log = |lines: usize| (0..lines).filter_map(|_| account.may_log(10)).count();
        assert_eq!((log(100), account.due()), (0, None), "not worth a pause yet");
        assert_eq!(log(1_000), 0);
        let due = account.due().unwrap();
        assert!(due > Duration::from_millis(15));
        account.paid(due);
        assert_eq!(account.due(), None, "it is paid once");
        assert_eq!(log(10_000_000), 0);
        assert_eq!(account.due(), Some(account.limits.wall / 4), "the rest waits for later");
    }

    #[test]
    fn nothing_is_allowed_where_the_limit_is_nothing() {
        let account = account(Limits { log_lines: 0, host_calls: 0, ..Limits::default() });
        assert_eq!(account.may_log(10), None);
        assert!(account.host_call().is_err());
    }

    #[test]
    fn names_and_samples_of_metrics_have_an_end() {
        let account = account(Limits::default());
        let label = |value: usize| [("label".to_owned(), value.to_string())];
        assert!((0..MOST_NAMES).all(|name| account.may_measure(&format!("name_{name}"), &[])));
        assert!(!account.may_measure("one_more", &[]));
        assert!((MOST_NAMES..MOST_SAMPLES).all(|value| account.may_measure("name_0", &label(value))));
        assert!(!account.may_measure("name_0", &label(MOST_SAMPLES)));
        assert!(account.may_measure("name_0", &label(MOST_NAMES)), "what is known stays");
    }

    #[test]
    fn a_stream_that_is_dropped_makes_room() {
        let account = account(Limits { streams: 1, ..Limits::default() });
        let first = account.stream().unwrap();
        assert!(account.stream().is_err());
        drop(first);
        assert!(account.stream().is_ok());
    }
}
