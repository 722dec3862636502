//! What is said of a shadow: metrics, and the first few differences in the log.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use forebay_metrics::{Counter, Gauge, Metrics};
use forebay_plugins_api::Setup;
use tokio::time::Instant;

use super::Given;
use super::compare::{Comparison, Difference, What};

/// Differences that are shown in the log; the metrics count all.
const MOST_SHOWN: u64 = 10;
/// Time between two of them, at least.
const BETWEEN: Duration = Duration::from_secs(1);
/// Bytes of a value that are shown, about the first in which it differs.
const EXCERPT: usize = 96;
/// How much of it comes before that byte.
const BEFORE: usize = 24;
/// Longer values are not searched for secrets, and not shown.
const LONGEST: usize = 1 << 20;

/// Whose cost it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Main,
    Shadow,
}

/// What is said of one shadow.
pub(super) struct Report {
    path: String,
    name: String,
    secrets: Arc<[String]>,
    same: Counter,
    different: Counter,
    failed: Counter,
    lost: Counter,
    left_out: Counter,
    differences: Vec<(What, Counter)>,
    main: Cost,
    shadow: Cost,
    shown: Mutex<Shown>,
}

struct Cost {
    messages: AtomicU64,
    nanoseconds: AtomicU64,
    total: Counter,
    each: Gauge,
}

#[derive(Default)]
struct Shown {
    count: u64,
    last: Option<Instant>,
}

impl Report {
    pub(super) fn new(setup: &Setup, metrics: &Metrics, secrets: Arc<[String]>) -> Self {
        let (pipeline, path, name) = (setup.pipeline.as_str(), setup.path.as_str(), setup.name.as_str());
        let labels = |label: &'static str, value: &'static str| {
            [("pipeline", pipeline), ("path", path), ("shadow", name), (label, value)]
        };
        // A name that is refused (there are too many) costs the figure, not the pipeline.
        let counter = |metric: &str, help: &str, label: &'static str, value: &'static str| {
            metrics.counter(metric, help, &labels(label, value)).unwrap_or_default()
        };
        let batches = |outcome: &'static str| {
            counter(
                "shadow_batches",
                "Batches that a shadow was to process, by what came of it",
                "outcome",
                outcome,
            )
        };
        let cost = |side: &'static str| Cost {
            messages: AtomicU64::new(0),
            nanoseconds: AtomicU64::new(0),
            total: counter(
                "shadow_cpu_nanoseconds",
                "CPU time of a processor and of its shadow for the batches that were compared",
                "side",
                side,
            ),
            each: metrics
                .gauge(
                    "shadow_cpu_nanoseconds_per_message",
                    "CPU time for each message, of a processor and of its shadow",
                    &labels("side", side),
                )
                .unwrap_or_default(),
        };
        let difference = |what: What| {
            let help = "Messages that a shadow gave in another form, by what differs";
            (what, counter("shadow_differences", help, "what", what.label()))
        };
        Self {
            path: path.to_owned(),
            name: name.to_owned(),
            secrets,
            same: batches("same"),
            different: batches("different"),
            failed: batches("failed"),
            lost: batches("lost"),
            left_out: batches("left_out"),
            differences: What::ALL.map(difference).into(),
            main: cost("main"),
            shadow: cost("shadow"),
            shown: Mutex::default(),
        }
    }

    /// A batch that came while the shadow lagged behind.
    pub(super) fn left_out(&self) {
        self.left_out.inc();
    }

    pub(super) fn cost(&self, side: Side, messages: usize, cpu: Duration) {
        let cost = if side == Side::Main { &self.main } else { &self.shadow };
        let nanoseconds = u64::try_from(cpu.as_nanos()).unwrap_or(u64::MAX);
        let messages = cost.messages.fetch_add(messages as u64, Ordering::Relaxed) + messages as u64;
        let all = cost.nanoseconds.fetch_add(nanoseconds, Ordering::Relaxed) + nanoseconds;
        cost.total.inc_by(nanoseconds);
        if let Some(each) = all.checked_div(messages) {
            #[expect(clippy::cast_precision_loss, reason = "a gauge is a float")]
            cost.each.set(each as f64);
        }
    }

    pub(super) fn compared(&self, comparison: &Comparison, shadowed: &Given) {
        let Comparison { counts, first } = comparison;
        match (shadowed, counts.is_empty()) {
            (Given::Lost(_), _) => self.lost.inc(),
            (_, true) => self.same.inc(),
            (Given::Failed(_), false) => self.failed.inc(),
            (Given::Results(_), false) => self.different.inc(),
        };
        for (what, count) in counts {
            if let Some((_, counter)) = self.differences.iter().find(|(counted, _)| counted == what) {
                counter.inc_by(*count);
            }
        }
        if let Some(first) = first
            && self.may_show()
        {
            self.show(first);
        }
    }

    fn may_show(&self) -> bool {
        self.shown.lock().unwrap_or_else(PoisonError::into_inner).one_more(Instant::now())
    }

    fn show(&self, difference: &Difference) {
        // `message` would be taken for the text of the line.
        let Difference { what, message: index, main, shadow } = difference;
        let (main, shadow) = excerpts(main, shadow, &self.secrets);
        let (path, name, what) = (self.path.as_str(), self.name.as_str(), what.label());
        tracing::warn!(path, shadow = name, what, index, main, shadowed = shadow, "a shadow differs");
    }
}

impl Shown {
    /// Whether one more may be shown now.
    fn one_more(&mut self, now: Instant) -> bool {
        let is_early = self.last.is_some_and(|last| now.duration_since(last) < BETWEEN);
        if is_early || self.count >= MOST_SHOWN {
            return false;
        }
        *self = Self { count: self.count + 1, last: Some(now) };
        true
    }
}

/// The part of two values in which they begin to differ, as text and without secrets.
fn excerpts(main: &[u8], shadow: &[u8], secrets: &[String]) -> (String, String) {
    if main.len() > LONGEST || shadow.len() > LONGEST {
        return (format!("({} bytes)", main.len()), format!("({} bytes)", shadow.len()));
    }
    let (main, shadow) = (without(main, secrets), without(shadow, secrets));
    let same = main.iter().zip(&shadow).take_while(|(left, right)| left == right).count();
    let from = same.saturating_sub(BEFORE);
    (excerpt(&main, from), excerpt(&shadow, from))
}

fn excerpt(value: &[u8], from: usize) -> String {
    let from = from.min(value.len());
    let to = (from + EXCERPT).min(value.len());
    let dots = |there: bool| if there { "..." } else { "" };
    let text = String::from_utf8_lossy(&value[from..to]);
    format!("{}{}{}", dots(from > 0), text, dots(to < value.len()))
}

/// A value with every secret in it replaced.
fn without(value: &[u8], secrets: &[String]) -> Vec<u8> {
    let mut value = value.to_vec();
    for secret in secrets.iter().filter(|secret| !secret.is_empty()) {
        let secret = secret.as_bytes();
        let mut cleaned = Vec::with_capacity(value.len());
        let mut rest = &value[..];
        while let Some(at) = rest.windows(secret.len()).position(|window| window == secret) {
            cleaned.extend_from_slice(&rest[..at]);
            cleaned.extend_from_slice(b"***");
            rest = &rest[at + secret.len()..];
        }
        cleaned.extend_from_slice(rest);
        value = cleaned;
    }
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_excerpt_is_short_and_about_the_difference() {
        let (left, right) = ("x".repeat(1_000) + "left" + &"y".repeat(1_000), "x".repeat(1_000) + "right");
        let (main, shadow) = excerpts(left.as_bytes(), right.as_bytes(), &[]);
        assert!(main.starts_with("...xxx") && main.contains("left") && main.ends_with("yyy..."), "{main}");
        assert!(shadow.contains("right") && main.len() <= EXCERPT + 6, "{shadow}");
    }

    #[test]
    fn secrets_are_replaced_also_where_the_excerpt_would_cut_them() {
        let secrets = ["s3cr3t-of-mine".to_owned()];
        let value = format!("{}s3cr3t-of-mine and more", "x".repeat(EXCERPT - 4));
        let (main, shadow) = excerpts(value.as_bytes(), b"s3cr3t-of-mine", &secrets);
        assert!(!main.contains("s3c") && main.contains("***"), "{main}");
        assert_eq!(shadow, "***");
    }

    #[test]
    fn a_few_differences_are_shown_and_no_two_within_a_second() {
        let mut shown = Shown::default();
        let mut now = Instant::now();
        let mut count = 0;
        for _ in 0..100 {
            count += u64::from(shown.one_more(now));
            assert!(!shown.one_more(now + BETWEEN / 2));
            now += BETWEEN;
        }
        assert_eq!(count, MOST_SHOWN);
    }
}
