//! What a processor measures: one series for each combination of labels.

use std::collections::HashMap;
use std::time::Duration;

use forebay_metrics::{Counter, Gauge, MetricError, Metrics, Timing};
use forebay_plugins_api::Setup;

use crate::meters;

/// What the host's own metrics of plugins begin with.
const RESERVED: &str = "plugin_";
const HELP: &str = "Measured by a processor of a pipeline";

#[derive(Clone, Copy)]
pub(super) enum Kind {
    Counter,
    CounterBy,
    Gauge,
    Timing,
}

/// All series of a processor.
pub(super) struct All {
    metrics: Metrics,
    kind: Kind,
    name: String,
    /// Labels that are the same for all.
    fixed: Vec<(&'static str, String)>,
    /// The names of the others.
    names: Vec<String>,
    /// By the values of the others. As many at most as the metrics have room for.
    series: HashMap<Vec<String>, Series>,
}

enum Series {
    /// What is added up but less than one waits in `rest`.
    Counter {
        counter: Counter,
        rest: f64,
    },
    Gauge(Gauge),
    Timing(Timing),
}

/// Why there can't be a metric.
#[derive(Debug, thiserror::Error)]
pub(super) enum BadMetric {
    #[error(transparent)]
    Refused(#[from] MetricError),
    #[error("metric `{0}`: names that begin with {RESERVED} are those of the host")]
    Reserved(String),
}

impl All {
    /// The series of a metric that has labels with these names beside the fixed ones.
    ///
    /// # Errors
    /// There can't be a metric with these names.
    pub(super) fn new(
        metrics: Metrics,
        setup: &Setup,
        (kind, name): (Kind, &str),
        names: Vec<String>,
    ) -> Result<Self, BadMetric> {
        if name.starts_with(RESERVED) {
            return Err(BadMetric::Reserved(name.to_owned()));
        }
        Metrics::check_names(name, names.iter().map(String::as_str))?;
        let fixed = [
            ("label", setup.label.clone().unwrap_or_default()),
            ("path", meters::path_of_metrics(&setup.path)),
        ];
        let is_free = |(fixed, _): &(&str, String)| names.iter().all(|name| name != fixed);
        let fixed = fixed.into_iter().filter(is_free).collect();
        let mut all = Self { metrics, kind, name: name.to_owned(), fixed, names, series: HashMap::new() };
        if all.names.is_empty() {
            // It is seen before the first message comes.
            let only = all.open(&[])?;
            all.series.insert(Vec::new(), only);
        }
        Ok(all)
    }

    /// Whether values don't matter.
    pub(super) fn ignores_values(&self) -> bool {
        matches!(self.kind, Kind::Counter)
    }

    /// Measures messages that all have these values of the labels, in the order of their names, and this value.
    ///
    /// # Errors
    /// It is no value of this kind, or there is no room for so many labels.
    pub(super) fn measure(
        &mut self,
        labels: Vec<String>,
        value: &str,
        messages: usize,
    ) -> Result<(), String> {
        let number = match self.kind {
            Kind::Counter => None,
            Kind::CounterBy | Kind::Gauge => Some(number(value)?),
            Kind::Timing => Some(Number::Whole(whole(value)?)),
        };
        if !self.series.contains_key(&labels) {
            let series = self.open(&labels).map_err(|error| error.to_string())?;
            self.series.insert(labels.clone(), series);
        }
        let Some(series) = self.series.get_mut(&labels) else { return Ok(()) };
        match (series, number) {
            (Series::Counter { counter, .. }, None) => {
                counter.inc_by(messages as u64);
            }
            (Series::Counter { counter, .. }, Some(Number::Whole(by))) => {
                counter.inc_by(by);
            }
            (Series::Counter { counter, rest }, Some(Number::Part(by))) => {
                *rest += by;
                counter.inc_by(cut(*rest));
                *rest = rest.fract();
            }
            (Series::Gauge(gauge), Some(to)) => {
                gauge.set(to.float());
            }
            (Series::Timing(timing), Some(Number::Whole(nanoseconds))) => {
                timing.observe(Duration::from_nanos(nanoseconds));
            }
            (Series::Gauge(_) | Series::Timing(_), _) => {}
        }
        Ok(())
    }

    fn open(&self, values: &[String]) -> Result<Series, MetricError> {
        let fixed = self.fixed.iter().map(|(name, value)| (*name, value.as_str()));
        let own = self.names.iter().map(String::as_str).zip(values.iter().map(String::as_str));
        let labels: Vec<_> = fixed.chain(own).collect();
        let Self { metrics, name, .. } = self;
        Ok(match self.kind {
            Kind::Counter | Kind::CounterBy => {
                Series::Counter { counter: metrics.counter(name, HELP, &labels)?, rest: 0.0 }
            }
            Kind::Gauge => Series::Gauge(metrics.gauge(name, HELP, &labels)?),
            Kind::Timing => Series::Timing(metrics.timing(name, HELP, &labels)?),
        })
    }
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Number {
    Whole(u64),
    Part(f64),
}

impl Number {
    #[expect(clippy::cast_precision_loss, reason = "as every metric of this size")]
    fn float(self) -> f64 {
        match self {
            Self::Whole(number) => number as f64,
            Self::Part(number) => number,
        }
    }
}

fn number(text: &str) -> Result<Number, String> {
    if text.parse::<i64>().is_ok() {
        return whole(text).map(Number::Whole);
    }
    let number: f64 = text.parse().map_err(|_| format!("value {text:?} is no number"))?;
    if number < 0.0 {
        return Err(format!("value {number} is negative"));
    }
    // Nothing can be added to these any more.
    if !number.is_finite() {
        return Err(format!("value {number} is no number to count with"));
    }
    Ok(Number::Part(number))
}

fn whole(text: &str) -> Result<u64, String> {
    let number: i64 = text.parse().map_err(|_| format!("value {text:?} is no whole number"))?;
    u64::try_from(number).map_err(|_| format!("value {number} is negative"))
}

/// The whole part of a number that is not negative.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "it is to be cut, and a greater number becomes the greatest"
)]
fn cut(number: f64) -> u64 {
    number as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_as_by_bento() {
        for (text, expected) in [
            ("0", Ok(Number::Whole(0))),
            ("+12", Ok(Number::Whole(12))),
            ("1.5", Ok(Number::Part(1.5))),
            ("1e3", Ok(Number::Part(1000.0))),
            ("99999999999999999999", Ok(Number::Part(1e20))),
            ("-1", Err("value -1 is negative")),
            ("-0.5", Err("value -0.5 is negative")),
            ("", Err("value \"\" is no number")),
            ("many", Err("value \"many\" is no number")),
            ("NaN", Err("value NaN is no number to count with")),
        ] {
            assert_eq!(number(text), expected.map_err(str::to_owned));
        }
        assert_eq!(whole("1.0"), Err("value \"1.0\" is no whole number".to_owned()));
    }
}
