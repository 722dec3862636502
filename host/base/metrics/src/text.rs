//! The text formats: that of Prometheus (0.0.4), and OpenMetrics 1.0.

use std::fmt::Write as _;

use crate::snapshot::{Kind, Labels, Snapshot, Value};
use crate::timing::Distribution;

/// The bounds that histograms have where nobody says otherwise, in seconds: those of Prometheus' own libraries.
pub const DEFAULT_BUCKETS: [f64; 11] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];
/// The quantiles that summaries have where nobody says otherwise.
pub const DEFAULT_QUANTILES: [f64; 3] = [0.5, 0.9, 0.99];

/// How metrics are written.
#[derive(Debug, Clone, PartialEq)]
pub struct TextFormat {
    /// OpenMetrics rather than the format of Prometheus: names of counters end in `_total`, and the text ends with a
    /// mark.
    pub is_open_metrics: bool,
    pub timings: Timings,
}

/// How timings are written.
#[derive(Debug, Clone, PartialEq)]
pub enum Timings {
    /// As quantiles of those of late, in nanoseconds.
    Summary(Vec<f64>),
    /// As counts up to these bounds, which rise, in seconds. At a bound that cuts a bucket of ours, the count is an
    /// estimate.
    Histogram(Vec<f64>),
}

impl TextFormat {
    /// OpenMetrics, with timings as histograms from 10 us to about 40 s.
    #[must_use]
    pub fn open_metrics() -> Self {
        let bounds = (0..12).map(|step| 10e-6 * 4_f64.powi(step)).collect();
        Self { is_open_metrics: true, timings: Timings::Histogram(bounds) }
    }

    /// The format of Prometheus.
    #[must_use]
    pub fn prometheus(timings: Timings) -> Self {
        Self { is_open_metrics: false, timings }
    }

    /// What an answer over HTTP says that it is.
    #[must_use]
    pub fn content_type(&self) -> &'static str {
        if self.is_open_metrics {
            "application/openmetrics-text; version=1.0.0; charset=utf-8"
        } else {
            "text/plain; version=0.0.4; charset=utf-8"
        }
    }
}

impl Snapshot {
    /// All metrics as text.
    #[must_use]
    pub fn render(&self, format: &TextFormat) -> String {
        let mut text = String::new();
        // Writing to a string does not fail.
        let _ = self.write(format, &mut text);
        text
    }

    fn write(&self, format: &TextFormat, out: &mut String) -> std::fmt::Result {
        for family in &self.families {
            let name = &family.name;
            let kind = match (family.kind, &format.timings) {
                (Kind::Counter, _) => "counter",
                (Kind::Gauge, _) => "gauge",
                (Kind::Timing, Timings::Summary(_)) => "summary",
                (Kind::Timing, Timings::Histogram(_)) => "histogram",
            };
            let help = family.help.replace('\\', "\\\\").replace('\n', "\\n");
            let end = if format.is_open_metrics { "." } else { "" };
            writeln!(out, "# HELP {name} {help}{end}\n# TYPE {name} {kind}")?;
            for sample in &family.samples {
                let labels = Shown::new(&sample.labels);
                match &sample.value {
                    Value::Counter(count) => {
                        let ending = if format.is_open_metrics { "_total" } else { "" };
                        writeln!(out, "{name}{ending}{} {count}", labels.all())?;
                    }
                    Value::Gauge(value) => {
                        writeln!(out, "{name}{} {}", labels.all(), number(*value))?;
                    }
                    Value::Timing(all, recent) => {
                        write_timing(out, &format.timings, name, &labels, (all, recent))?;
                    }
                }
            }
        }
        if format.is_open_metrics {
            out.push_str("# EOF\n");
        }
        Ok(())
    }
}

#[expect(clippy::cast_precision_loss, reason = "a sum of nanoseconds is shown in seconds")]
fn write_timing(
    out: &mut String,
    timings: &Timings,
    name: &str,
    labels: &Shown,
    (all, recent): (&Distribution, &Distribution),
) -> std::fmt::Result {
    let sum = match timings {
        Timings::Summary(parts) => {
            for part in parts {
                let value = number(recent.quantile(*part).unwrap_or(f64::NAN));
                writeln!(out, "{name}{} {value}", labels.and("quantile", &number(*part)))?;
            }
            all.sum().to_string()
        }
        Timings::Histogram(bounds) => {
            for bound in bounds {
                let count = all.at_most(bound * 1e9);
                writeln!(out, "{name}_bucket{} {count}", labels.and("le", &number(*bound)))?;
            }
            writeln!(out, "{name}_bucket{} {}", labels.and("le", "+Inf"), all.count())?;
            number(all.sum() as f64 / 1e9)
        }
    };
    writeln!(out, "{name}_sum{labels} {sum}\n{name}_count{labels} {}", all.count(), labels = labels.all())
}

/// Labels as they stand between the braces.
struct Shown(String);

impl Shown {
    fn new(labels: &Labels) -> Self {
        let mut sorted: Vec<_> = labels.iter().collect();
        sorted.sort();
        let pairs = sorted.into_iter().map(|(name, value)| format!("{name}=\"{}\"", escaped(value)));
        Self(pairs.collect::<Vec<_>>().join(","))
    }

    fn all(&self) -> String {
        if self.0.is_empty() { String::new() } else { format!("{{{}}}", self.0) }
    }

    fn and(&self, name: &str, value: &str) -> String {
        let comma = if self.0.is_empty() { "" } else { "," };
        format!("{{{}{comma}{name}=\"{value}\"}}", self.0)
    }
}

fn escaped(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

fn number(value: f64) -> String {
    if value.is_nan() {
        "NaN".to_owned()
    } else if value.is_infinite() {
        if value > 0.0 { "+Inf" } else { "-Inf" }.to_owned()
    } else {
        // No more digits than it takes to tell the number from its neighbours.
        format!("{value:?}").trim_end_matches(".0").to_owned()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::Metrics;

    fn metrics() -> Snapshot {
        let metrics = Metrics::default();
        metrics.counter("c", "A \\ count", &[("b", "1"), ("a", "x\"\n")]).unwrap().inc_by(7);
        metrics.gauge("g", "", &[]).unwrap().set(1.5);
        let timing = metrics.timing("t", "", &[("a", "")]).unwrap();
        timing.observe_times(Duration::from_nanos(20), 3);
        timing.observe(Duration::from_secs(2));
        let mut snapshot = metrics.snapshot();
        if let Value::Timing(all, recent) = &mut snapshot.families[2].samples[0].value {
            recent.clone_from(all);
        }
        snapshot
    }

    #[test]
    fn prometheus_has_summaries_in_nanoseconds() {
        let format = TextFormat::prometheus(Timings::Summary(vec![0.5]));
        let expected = "# HELP c A \\\\ count\n# TYPE c counter\nc{a=\"x\\\"\\n\",b=\"1\"} 7\n\
                        # HELP g \n# TYPE g gauge\ng 1.5\n\
                        # HELP t \n# TYPE t summary\nt{a=\"\",quantile=\"0.5\"} 20\n\
                        t_sum{a=\"\"} 2000000060\nt_count{a=\"\"} 4\n";
        assert_eq!(metrics().render(&format), expected);
    }

    #[test]
    fn open_metrics_has_histograms_in_seconds() {
        let format =
            TextFormat { timings: Timings::Histogram(vec![0.5, 10.0]), ..TextFormat::open_metrics() };
        let text = metrics().render(&format);
        assert!(text.contains("\nc_total{a=\"x\\\"\\n\",b=\"1\"} 7\n"), "{text}");
        let timing = "t_bucket{a=\"\",le=\"0.5\"} 3\nt_bucket{a=\"\",le=\"10\"} 4\nt_bucket{a=\"\",le=\"+Inf\"} 4\n\
                      t_sum{a=\"\"} 2.00000006\nt_count{a=\"\"} 4\n# EOF\n";
        assert!(text.ends_with(timing), "{text}");
    }

    #[test]
    fn numbers_are_written_short() {
        let shown = [0.1, 3.0, 1e20, -2.5, f64::NAN, f64::INFINITY].map(number);
        assert_eq!(shown, ["0.1", "3", "1e20", "-2.5", "NaN", "+Inf"]);
    }
}
