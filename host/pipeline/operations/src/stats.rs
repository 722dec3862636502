use forebay_metrics::Metrics;
use serde_json::Value as Json;

use crate::json_api;

/// Everything with a label, as one object in the form of `json_api`.
#[must_use]
pub fn stats(metrics: &Metrics, label: (&str, &str)) -> serde_json::Map<String, Json> {
    let mut snapshot = metrics.snapshot();
    for family in &mut snapshot.families {
        family.samples.retain(|sample| {
            sample.labels.iter().any(|(name, value)| (name.as_str(), value.as_str()) == label)
        });
    }
    let mut all = json_api::object(&snapshot);
    for family in &snapshot.families {
        for sample in &family.samples {
            // What is recent is for those who look again and again: here everything counts.
            if let forebay_metrics::Value::Timing(since_start, _) = &sample.value {
                all.insert(json_api::path(&family.name, &sample.labels), json_api::quantiles(since_start));
            }
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::json;

    use super::*;

    #[test]
    fn what_has_the_label_is_told() {
        let metrics = Metrics::default();
        let part = metrics.with_label("stream", "a");
        part.counter("c", "", &[("path", "root.input")]).unwrap().inc_by(3);
        part.timing("t", "", &[]).unwrap().observe(Duration::from_nanos(7));
        metrics.counter("c", "", &[]).unwrap().inc();
        let expected = json!({"c{path=\"root.input\",stream=\"a\"}": 3, "t{stream=\"a\"}": {"p50": 7, "p90": 7, "p99": 7}});
        assert_eq!(Json::Object(stats(&metrics, ("stream", "a"))), expected);
    }
}
