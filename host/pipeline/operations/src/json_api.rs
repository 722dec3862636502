use std::collections::BTreeMap;
use std::fmt::Write as _;

use forebay_metrics::{DEFAULT_QUANTILES, Distribution, Labels, Snapshot, Value};
use serde_json::{Map, Value as Json, json};

/// All metrics as one object, each under its name with its labels behind it.
pub(crate) fn render(snapshot: &Snapshot) -> String {
    Json::Object(object(snapshot)).to_string()
}

/// The same, not as text.
pub(crate) fn object(snapshot: &Snapshot) -> Map<String, Json> {
    let mut all = BTreeMap::new();
    for family in &snapshot.families {
        for sample in &family.samples {
            all.insert(path(&family.name, &sample.labels), shown(&sample.value));
        }
    }
    all.into_iter().collect()
}

fn shown(value: &Value) -> Json {
    match value {
        Value::Counter(count) => json!(count),
        Value::Gauge(value) => json!(whole(*value)),
        Value::Timing(_, recent) => quantiles(recent),
    }
}

pub(crate) fn quantiles(of: &Distribution) -> Json {
    let quantile = |part| number(of.quantile(part).unwrap_or_default());
    let [p50, p90, p99] = DEFAULT_QUANTILES.map(quantile);
    json!({"p50": p50, "p90": p90, "p99": p99})
}

/// A gauge, which is whole here.
#[expect(clippy::cast_possible_truncation, reason = "a number that is too great becomes the greatest")]
pub(crate) fn whole(value: f64) -> i64 {
    value as i64
}

/// A number without `.0` behind it where it is whole.
fn number(value: f64) -> Json {
    if value.fract() == 0.0 && value.abs() < 1e15 { json!(whole(value)) } else { json!(value) }
}

/// A name with its labels behind it.
pub(crate) fn path(name: &str, labels: &Labels) -> String {
    if labels.is_empty() {
        return name.to_owned();
    }
    let sorted: BTreeMap<_, _> = labels.iter().map(|(name, value)| (name, value)).collect();
    let pairs = sorted.into_iter().map(|(name, value)| format!("{name}={}", quoted(value)));
    format!("{name}{{{}}}", pairs.collect::<Vec<_>>().join(","))
}

/// A text in quotes, as Go quotes in ASCII.
fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for letter in text.chars() {
        // Writing to a string does not fail.
        let _ = match letter {
            '"' | '\\' => write!(out, "\\{letter}"),
            '\n' => write!(out, "\\n"),
            '\r' => write!(out, "\\r"),
            '\t' => write!(out, "\\t"),
            ' '..='~' => write!(out, "{letter}"),
            '\0'..='\x7f' => write!(out, "\\x{:02x}", u32::from(letter)),
            '\u{80}'..='\u{ffff}' => write!(out, "\\u{:04x}", u32::from(letter)),
            _ => write!(out, "\\U{:08x}", u32::from(letter)),
        };
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use forebay_metrics::{Metrics, Recent};

    use super::*;

    #[test]
    fn metrics_stand_under_their_names_and_labels() {
        let metrics = Metrics::default();
        metrics.counter("c", "", &[("path", "root.input"), ("label", "\"\u{e4}")]).unwrap().inc_by(3);
        metrics.gauge("g", "", &[]).unwrap().set(2.7);
        let timing = metrics.timing("t", "", &[]).unwrap();
        timing.observe(Duration::from_nanos(7));
        let mut snapshot = metrics.snapshot();
        let now = forebay_lifecycle::clock::now();
        Recent::new(now).fill(&mut snapshot, now);
        let expected =
            r#"{"c{label=\"\\\"\\u00e4\",path=\"root.input\"}":3,"g":2,"t":{"p50":7,"p90":7,"p99":7}}"#;
        assert_eq!(render(&snapshot), expected);
    }
}
