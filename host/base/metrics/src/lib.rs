//! Counters, gauges and timings with free label sets, rendered as OpenMetrics text.
//!
//! Families come into being when they are first used, so that plugins can bring their own. Handles
//! are cheap to clone and to update; look them up once and keep them.
//!
//! ```
//! let metrics = forebay_metrics::Metrics::default();
//! metrics.counter("plugin_calls", "Calls of exports", &[("plugin", "file")]).unwrap().inc();
//! assert!(metrics.render().contains("plugin_calls_total{plugin=\"file\"} 1"));
//! ```

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};
use std::fmt;
use std::sync::atomic::AtomicU64;
use std::sync::{Mutex, PoisonError};

use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::Registry;

/// A number that only rises.
pub type Counter = prometheus_client::metrics::counter::Counter;
/// A number that rises and falls.
pub type Gauge = prometheus_client::metrics::gauge::Gauge<f64, AtomicU64>;
/// Durations in seconds.
pub type Timing = Histogram;

type Labels = Vec<(String, String)>;
type TimingFamily = Family<Labels, Histogram, fn() -> Histogram>;

/// All metrics of a process.
#[derive(Default)]
pub struct Metrics {
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    registry: Registry,
    families: HashMap<String, AnyFamily>,
    labels: HashMap<String, HashSet<Labels>>,
}

enum AnyFamily {
    Counter(Family<Labels, Counter>),
    Gauge(Family<Labels, Gauge>),
    Timing(TimingFamily),
}

/// A name that can't be used for a metric.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MetricError {
    /// The name, or that of a label, is not of the form `[a-zA-Z_][a-zA-Z0-9_]*`, or a text is too long.
    Name(String),
    /// The name stands for a metric of another kind already.
    Kind(String),
    /// There are too many different names.
    TooMany,
    /// There are too many different labels under this name.
    TooManyLabels(String),
}

/// Names come from plugins as well, and every one costs memory for good.
const MOST_FAMILIES: usize = 10_000;
/// The same for the labels under one name.
const MOST_LABELS: usize = 10_000;

impl Metrics {
    /// A counter; its rendered name ends in `_total`.
    ///
    /// # Errors
    /// When the name is malformed or of another kind.
    pub fn counter(&self, name: &str, help: &str, labels: &[(&str, &str)]) -> Result<Counter, MetricError> {
        match self.family(name, help, labels, || AnyFamily::Counter(Family::default()))? {
            AnyFamily::Counter(family) => Ok(family.get_or_create(&owned(labels)).clone()),
            AnyFamily::Gauge(_) | AnyFamily::Timing(_) => Err(MetricError::Kind(name.to_owned())),
        }
    }

    /// A gauge.
    ///
    /// # Errors
    /// As [`Metrics::counter`].
    pub fn gauge(&self, name: &str, help: &str, labels: &[(&str, &str)]) -> Result<Gauge, MetricError> {
        match self.family(name, help, labels, || AnyFamily::Gauge(Family::default()))? {
            AnyFamily::Gauge(family) => Ok(family.get_or_create(&owned(labels)).clone()),
            AnyFamily::Counter(_) | AnyFamily::Timing(_) => Err(MetricError::Kind(name.to_owned())),
        }
    }

    /// A timing, in seconds.
    ///
    /// # Errors
    /// As [`Metrics::counter`].
    pub fn timing(&self, name: &str, help: &str, labels: &[(&str, &str)]) -> Result<Timing, MetricError> {
        match self.family(name, help, labels, || AnyFamily::Timing(Family::new_with_constructor(buckets)))? {
            AnyFamily::Timing(family) => Ok(family.get_or_create(&owned(labels)).clone()),
            AnyFamily::Counter(_) | AnyFamily::Gauge(_) => Err(MetricError::Kind(name.to_owned())),
        }
    }

    /// Whether a metric may have this name, and labels with such names.
    ///
    /// # Errors
    /// The name of the metric or label that is malformed.
    pub fn check_names<'n>(
        name: &'n str,
        labels: impl IntoIterator<Item = &'n str>,
    ) -> Result<(), MetricError> {
        match [name].into_iter().chain(labels).find(|name| !is_name(name)) {
            Some(malformed) => Err(MetricError::Name(malformed.chars().take(LONGEST_NAME).collect())),
            None => Ok(()),
        }
    }

    /// Everything, in the text format of OpenMetrics 1.0.
    #[must_use]
    pub fn render(&self) -> String {
        let inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        let mut text = String::new();
        // Writing to a string does not fail.
        let _ = encode(&mut text, &inner.registry);
        text
    }

    fn family(
        &self,
        name: &str,
        help: &str,
        labels: &[(&str, &str)],
        make: impl FnOnce() -> AnyFamily,
    ) -> Result<AnyFamily, MetricError> {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        let Inner { registry, families, labels: known } = &mut *inner;
        if !is_name(name)
            || labels.iter().any(|(label, value)| !is_name(label) || value.len() > LONGEST_LABEL)
        {
            let shown: String = name.chars().take(LONGEST_NAME).collect();
            return Err(MetricError::Name(shown));
        }
        let count = families.len();
        let family = match families.entry(name.to_owned()) {
            Entry::Occupied(family) => Ok(family.get().clone()),
            Entry::Vacant(_) if count >= MOST_FAMILIES => Err(MetricError::TooMany),
            Entry::Vacant(slot) => {
                let family = slot.insert(make());
                match family {
                    AnyFamily::Counter(family) => registry.register(name, help, family.clone()),
                    AnyFamily::Gauge(family) => registry.register(name, help, family.clone()),
                    AnyFamily::Timing(family) => registry.register(name, help, family.clone()),
                }
                Ok(family.clone())
            }
        }?;
        let known = known.entry(name.to_owned()).or_default();
        let labels = owned(labels);
        if known.len() >= MOST_LABELS && !known.contains(&labels) {
            return Err(MetricError::TooManyLabels(name.to_owned()));
        }
        known.insert(labels);
        Ok(family)
    }
}

impl Clone for AnyFamily {
    fn clone(&self) -> Self {
        match self {
            Self::Counter(family) => Self::Counter(family.clone()),
            Self::Gauge(family) => Self::Gauge(family.clone()),
            Self::Timing(family) => Self::Timing(family.clone()),
        }
    }
}

/// From 10 us to about 40 s.
fn buckets() -> Histogram {
    Histogram::new(exponential_buckets(10e-6, 4.0, 12))
}

/// Names and values of labels that are longer are refused: all of them are kept for good.
const LONGEST_NAME: usize = 128;
const LONGEST_LABEL: usize = 1024;

fn is_name(name: &str) -> bool {
    if name.len() > LONGEST_NAME {
        return false;
    }
    let mut letters = name.bytes();
    letters.next().is_some_and(|first| first.is_ascii_alphabetic() || first == b'_')
        && letters.all(|letter| letter.is_ascii_alphanumeric() || letter == b'_')
}

fn owned(labels: &[(&str, &str)]) -> Labels {
    labels.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Metrics").finish_non_exhaustive()
    }
}

impl fmt::Display for MetricError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => write!(
                f,
                "metric `{name}`: names of metrics and labels are of the form [a-zA-Z_][a-zA-Z0-9_]*, values of labels are short"
            ),
            Self::Kind(name) => write!(f, "metric `{name}` is of another kind already"),
            Self::TooManyLabels(name) => {
                write!(f, "metric `{name}` is labelled in more than {MOST_LABELS} ways")
            }
            Self::TooMany => write!(f, "there are more than {MOST_FAMILIES} metric names"),
        }
    }
}

impl std::error::Error for MetricError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_keeps_its_kind() {
        let metrics = Metrics::default();
        metrics.counter("x", "", &[]).unwrap();
        assert_eq!(metrics.gauge("x", "", &[]).unwrap_err(), MetricError::Kind("x".into()));
    }

    #[test]
    fn a_malformed_name_is_refused() {
        assert_eq!(Metrics::default().gauge("9-x", "", &[]).unwrap_err(), MetricError::Name("9-x".into()));
    }
}
