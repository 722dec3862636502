use std::collections::BTreeMap;

use serde_json::json;

use super::*;
use crate::spec::Description;
use crate::{Catalog, HttpConfig, PipelineConfig, read};

fn with(section: &str) -> PipelineConfig {
    let description = json!({"contract": 1, "plugin": {"name": "test"}, "components": [
        {"kind": "input", "name": "none"}, {"kind": "output", "name": "none"},
        {"kind": "mapping", "name": "bloblang"}]});
    let mut catalog = Catalog::new();
    catalog.insert(Description::from_json(&description.to_string()).unwrap()).unwrap();
    let text = format!("input: {{none: {{}}}}\noutput: {{none: {{}}}}\n{section}\n");
    read("f", &text, &BTreeMap::new(), &catalog).unwrap()
}

#[test]
fn prometheus_is_what_is_told_by_default() {
    let config = with("");
    assert_eq!(config.metrics, with("metrics: {prometheus: {}}").metrics);
    let MetricsExporter::Prometheus(prometheus) = config.metrics.exporter else { panic!("another one") };
    assert_eq!(prometheus.summary_quantiles_objectives.len(), 3);
    assert_eq!(prometheus.push_job_name, "bento_push");
    assert_eq!((prometheus.push_url, prometheus.push_interval), (None, None));
    assert_eq!(config.http, HttpConfig::default());
    assert_eq!(config.http, with("http: {}\ntracer: {none: {}}").http);
}

#[test]
fn what_is_told_to_whom_is_read() {
    let config =
        with("metrics:\n  mapping: |\n    root = this\n    meta a = 1\n  logger: {push_interval: 2s}")
            .metrics;
    let logger = LoggerMetricsConfig { push_interval: Some(Duration::from_secs(2)), flush_metrics: false };
    assert_eq!(config.exporter, MetricsExporter::Logger(logger));
    let mapping = config.mapping.unwrap();
    assert_eq!((mapping.language.as_str(), mapping.code.as_str()), ("bloblang", "root = this\nmeta a = 1\n"));
    assert_eq!(mapping.position_of(2, 6), Position { line: 6, column: 10 });
    assert_eq!(with("metrics: {type: json_api}").metrics.exporter, MetricsExporter::JsonApi);
}
