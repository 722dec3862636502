//! One line at the bottom of a terminal that says how a pipeline does, rewritten every second. It is on the standard
//! error; lines of the log take its place, and it comes back below them.

use std::io::{self, IsTerminal as _, Write as _};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use forebay_lifecycle::{Shutdown, Threads, clock};
use forebay_metrics::{Metrics, Value};
use forebay_pipeline_config::{ComponentConfig, PipelineConfig};

const PERIOD: Duration = Duration::from_secs(1);
/// Back to the start of the line, and what was there is gone.
const CLEAR: &str = "\r\x1b[K";

/// Whether the line is there now.
static IS_SHOWN: AtomicBool = AtomicBool::new(false);

/// The line, until this is dropped.
pub(crate) struct StatusLine {
    stop: Shutdown,
    threads: Option<Threads>,
}

impl StatusLine {
    /// Starts the line, where somebody looks at the terminal and nothing else of the pipeline is shown there.
    ///
    /// # Errors
    /// The system refuses a thread.
    pub(crate) fn start(config: &PipelineConfig, metrics: &Arc<Metrics>) -> anyhow::Result<Option<Self>> {
        let is_dumb = std::env::var("TERM").is_ok_and(|terminal| terminal == "dumb");
        let prints = |component: &&ComponentConfig| component.name.as_str() == "stdout";
        let is_taken = config.output.with_descendants().iter().any(prints) && io::stdout().is_terminal();
        if is_dumb || is_taken || !io::stderr().is_terminal() {
            return Ok(None);
        }
        let threads = Threads::start("status", 1).context("start a thread for the status line")?;
        let (stop, metrics) = (Shutdown::new(), Arc::clone(metrics));
        let stopped = stop.clone();
        drop(threads.spawn(0, "the status line", async move {
            stopped.run_until_cancelled(rewrite(&metrics)).await;
        }));
        Ok(Some(Self { stop, threads: Some(threads) }))
    }
}

impl Drop for StatusLine {
    fn drop(&mut self) {
        self.stop.cancel();
        // It writes no more when its thread has ended.
        drop(self.threads.take());
        let mut terminal = io::stderr().lock();
        if IS_SHOWN.swap(false, Ordering::Relaxed) {
            // Nothing can be done, or said, about a terminal that is gone.
            let _ = terminal.write_all(CLEAR.as_bytes());
        }
    }
}

/// Writes a line of the log in the place of the status.
///
/// # Errors
/// The standard error is closed.
pub(crate) fn write_line(line: &str) -> io::Result<()> {
    let mut stderr = io::stderr().lock();
    if IS_SHOWN.swap(false, Ordering::Relaxed) {
        stderr.write_all(CLEAR.as_bytes())?;
    }
    stderr.write_all(line.as_bytes())
}

async fn rewrite(metrics: &Metrics) {
    let (mut before, mut since) = (Sums::of(metrics), clock::now());
    loop {
        tokio::time::sleep(PERIOD).await;
        let (sums, now) = (Sums::of(metrics), clock::now());
        let line = sums.line(&before, now, since);
        let mut terminal = io::stderr().lock();
        IS_SHOWN.store(true, Ordering::Relaxed);
        // Nothing can be done, or said, about a terminal that is gone.
        let _ = write!(terminal, "{CLEAR}{line}").and_then(|()| terminal.flush());
        (before, since) = (sums, now);
    }
}

/// What all components together have done.
#[derive(Debug, Default, Clone, PartialEq)]
struct Sums {
    received: u64,
    sent: u64,
    in_flight: f64,
    errors: u64,
}

impl Sums {
    fn of(metrics: &Metrics) -> Self {
        let mut sums = Self::default();
        for family in metrics.snapshot().families {
            let counted = family.samples.iter().map(|sample| match &sample.value {
                Value::Counter(count) => *count,
                Value::Gauge(_) | Value::Timing(..) => 0,
            });
            match family.name.as_str() {
                "input_received" => sums.received = counted.sum(),
                "output_sent" => sums.sent = counted.sum(),
                "processor_error" | "output_error" => sums.errors += counted.sum::<u64>(),
                "input_in_flight" => {
                    let levels = family.samples.iter().filter_map(|sample| match &sample.value {
                        Value::Gauge(level) => Some(*level),
                        Value::Counter(_) | Value::Timing(..) => None,
                    });
                    sums.in_flight = levels.sum();
                }
                _ => {}
            }
        }
        sums
    }

    #[expect(clippy::cast_precision_loss, reason = "a rate is shown without a fraction")]
    fn line(&self, before: &Self, now: Instant, since: Instant) -> String {
        let seconds = now.saturating_duration_since(since).as_secs_f64().max(0.001);
        let rate = self.sent.saturating_sub(before.sent) as f64 / seconds;
        let Self { received, sent, in_flight, errors } = self;
        format!(
            "{rate:.0} messages/s | received {received} | sent {sent} | in flight {in_flight:.0} | errors {errors}"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_sums_up_all_components() {
        let metrics = Metrics::default();
        let before = Sums::of(&metrics);
        for (name, by) in
            [("input_received", 10), ("output_sent", 8), ("processor_error", 1), ("output_error", 2)]
        {
            for path in ["a", "b"] {
                metrics.counter(name, "", &[("path", path)]).unwrap().inc_by(by);
            }
        }
        metrics.gauge("input_in_flight", "", &[]).unwrap().set(4.0);
        let start = clock::now();
        let line = Sums::of(&metrics).line(&before, start + Duration::from_secs(2), start);
        assert_eq!(line, "8 messages/s | received 20 | sent 16 | in flight 4 | errors 6");
    }
}
