use std::collections::BTreeMap;
use std::num::NonZeroUsize;

use rstest::rstest;
use serde_json::json;

use super::*;
use crate::spec::Description;
use crate::{Catalog, Problem, read};

fn try_read(text: &str) -> Result<PipelineConfig, Vec<Problem>> {
    let description = json!({"contract": 1, "plugin": {"name": "test"}, "components": [
        {"kind": "input", "name": "stdin"}, {"kind": "output", "name": "stdout"}, {"kind": "processor", "name": "noop"},
        {"kind": "cache", "name": "memory"}, {"kind": "rate_limit", "name": "local"},
        {"kind": "cache", "name": "levels", "config": {"type": "string", "kind": "array", "resource": "cache"}},
        {"kind": "processor", "name": "limit", "config": {"type": "object", "fields": [
            {"name": "by", "type": "string", "resource": "rate_limit", "default": ""}]}},
        {"kind": "processor", "name": "dedupe", "config": {"type": "object", "fields": [
            {"name": "cache", "type": "string", "resource": "cache", "interpolated": true}]}},
    ]});
    let mut catalog = Catalog::new();
    catalog.insert(Description::from_json(&description.to_string()).unwrap()).unwrap();
    read("f", text, &BTreeMap::new(), &catalog)
}

fn with(section: &str) -> Result<PipelineConfig, Vec<Problem>> {
    try_read(&format!("input: {{stdin: {{}}}}\noutput: {{stdout: {{}}}}\n{section}\n"))
}

fn messages(result: Result<PipelineConfig, Vec<Problem>>) -> Vec<String> {
    result.unwrap_err().iter().map(ToString::to_string).collect()
}

#[test]
fn the_smallest_pipeline_has_the_defaults_of_bento() {
    let config = with("").unwrap();
    assert_eq!((config.input.path.as_str(), config.output.path.as_str()), ("input", "output"));
    assert_eq!(config.threads, Threads::PerCpu);
    assert_eq!(config.shutdown_timeout, Duration::from_secs(20));
    assert_eq!(config.logger, LoggerConfig::default());
    assert_eq!(config.logger.level, LogLevel::Info);
    assert!(config.processors.is_empty());
}

#[test]
fn every_setting_is_read() {
    let text = "
pipeline: {threads: 3, processors: [noop: {}, noop: {}]}
shutdown_timeout: 1m0.5s
logger: {level: debug, format: json, add_timestamp: true, static_fields: {a: 1}}";
    let config = with(text).unwrap();
    let cpus = NonZeroUsize::new(8).unwrap();
    assert_eq!((config.threads.count(cpus).get(), Threads::PerCpu.count(cpus).get()), (3, 8));
    assert_eq!(config.processors[1].path, "pipeline.processors.1");
    assert_eq!(config.shutdown_timeout, Duration::from_millis(60_500));
    let LoggerConfig { level, format, add_timestamp, static_fields } = config.logger;
    assert_eq!((level, format, add_timestamp), (LogLevel::Debug, LogFormat::Json, true));
    assert_eq!(static_fields, BTreeMap::from([("a".to_owned(), "1".to_owned())]));
}

#[rstest]
#[case::zero(
    "pipeline: {threads: 0}",
    "f(3,21) field threads takes 1 or more, or -1 for one per CPU, and not 0"
)]
#[case::negative(
    "pipeline: {threads: -2}",
    "f(3,21) field threads takes 1 or more, or -1 for one per CPU, and not -2"
)]
#[case::text("pipeline: {threads: two}", "f(3,21) expected int value, got string")]
#[case::pipeline("pipeline: []", "f(3,11) expected object value, got !!seq")]
#[case::processors("pipeline: {processors: {}}", "f(3,24) expected array value")]
#[case::in_pipeline("pipeline: {thread: 1}", "f(3,12) field thread not recognised, did you mean `threads`?")]
#[case::timeout("shutdown_timeout: 20", "f(3,19) `20` is not a duration such as 20s, 1m30s or 100ms")]
#[case::level(
    "logger: {level: LOUD}",
    "f(3,17) value `LOUD` is not one of the options OFF, NONE, FATAL, ERROR, WARN, INFO, DEBUG, TRACE, ALL"
)]
#[case::strategy(
    "error_handling: {strategy: backoff}",
    "f(3,28) value `backoff` is not one of the options none, reject, retry"
)]
#[case::format("logger: {format: xml}", "f(3,18) value `xml` is not one of the options logfmt, json")]
#[case::unsupported("resources: {}", "f(3,1) field resources is not supported by this version yet")]
#[case::caches_of_another_type("cache_resources: {}", "f(3,18) expected array value")]
#[case::cache_without_label(
    "cache_resources: [memory: {}]",
    "f(3,19) the label field for resources must be unique and not empty"
)]
#[case::bad_label(
    "cache_resources: [{label: _No, memory: {}}]",
    "f(3,27) label '_No' is not allowed: it takes the characters a-z, 0-9 and _, and does not begin with _"
)]
#[case::same_label(
    "cache_resources: [{label: a, memory: {}}, {label: a, memory: {}}]",
    "f(3,44) label 'a' collides with a previously defined label at line 3"
)]
#[case::unknown_cache(
    "cache_resources: [{label: a, memry: {}}]",
    "f(3,30) cache `memry` not recognised, did you mean `memory`?"
)]
#[case::no_such_cache(
    "pipeline: {processors: [dedupe: {cache: b}]}\ncache_resources: [{label: bb, memory: {}}]",
    "f(3,41) there is no cache `b` among the cache_resources, did you mean `bb`?"
)]
#[case::no_such_level(
    "cache_resources: [{label: a, levels: [b, c]}, {label: c, memory: {}}]",
    "f(3,39) there is no cache `b` among the cache_resources"
)]
#[case::no_such_rate_limit(
    "pipeline: {processors: [limit: {by: slow}]}\nrate_limit_resources: [{label: slows, local: {}}]",
    "f(3,37) rate limit resource 'slow' was not found, did you mean `slows`?"
)]
#[case::rate_limit_without_label(
    "rate_limit_resources: [local: {}]",
    "f(3,24) the label field for resources must be unique and not empty"
)]
#[case::unknown_rate_limit(
    "rate_limit_resources: [{label: a, locl: {}}]",
    "f(3,35) rate_limit `locl` not recognised, did you mean `local`?"
)]
#[case::label_of_two_kinds(
    "cache_resources: [{label: a, memory: {}}]\nrate_limit_resources: [{label: a, local: {}}]",
    "f(4,25) label 'a' collides with a previously defined label at line 3"
)]
#[case::no_exporter("metrics: {}", "f(3,10) an explicit metrics type must be specified")]
#[case::two_exporters(
    "metrics: {none: {}, json_api: {}}",
    "f(3,21) unable to infer metrics type, multiple candidates 'none' and 'json_api'"
)]
#[case::unknown_exporter(
    "metrics: {promethus: {}}",
    "f(3,11) metrics type `promethus` not recognised, did you mean `prometheus`?"
)]
#[case::exporter_setting("metrics: {json_api: {a: 1}}", "f(3,22) field a not recognised")]
#[case::buckets(
    "metrics: {prometheus: {histogram_buckets: [1, 0.5]}}",
    "f(3,43) the bounds of buckets must rise"
)]
#[case::push_interval(
    "metrics: {logger: {push_interval: soon}}",
    "f(3,35) `soon` is not a duration such as 20s, 1m30s or 100ms"
)]
#[case::tracer("tracer: {jaeger: {}}", "f(3,10) tracer `jaeger` is not supported by this version yet")]
#[case::http("http: {adress: x}", "f(3,8) field adress not recognised, did you mean `address`?")]
#[case::certificate(
    "http: {cert_file: a}",
    "f(3,7) both cert_file and key_file must be specified, or neither"
)]
#[case::cors("http: {cors: {enabled: true}}", "f(3,7) must specify at least one allowed origin")]
#[case::auth("http: {basic_auth: {enabled: true}}", "f(3,7) both username and password_hash are required")]
#[case::slip("pipelin: {}", "f(3,1) field pipelin not recognised, did you mean `pipeline`?")]
#[case::unknown("zoo: {}", "f(3,1) field zoo not recognised")]
fn what_is_wrong_around_the_components_is_reported(#[case] section: &str, #[case] expected: &str) {
    assert_eq!(messages(with(section)), [expected]);
}

#[rstest]
#[case("a: 1", &["f(1,1) field a not recognised"])]
#[case("- input", &["f(1,1) expected object value, got !!seq"])]
#[case("", &["f(1,1) the configuration is empty"])]
#[case("input: [", &["f(1,9) invalid YAML: while parsing a node, did not find expected node content"])]
fn what_is_no_pipeline_says_why(#[case] text: &str, #[case] expected: &[&str]) {
    let mut found = messages(try_read(text));
    found.sort();
    let mut expected: Vec<String> = expected.iter().map(|&text| text.to_owned()).collect();
    expected.sort();
    assert_eq!(found, expected);
}

#[test]
fn what_is_not_given_is_the_standard_input_and_output() {
    for text in ["pipeline: {processors: [noop: {}]}", "output:\npipeline: {}", "logger: {level: DEBUG}"] {
        let config = try_read(text).unwrap();
        assert_eq!((config.input.name.as_str(), config.output.name.as_str()), ("stdin", "stdout"), "{text}");
        assert_eq!((config.input.path.as_str(), config.output.path.as_str()), ("input", "output"), "{text}");
    }
    assert_eq!(messages(try_read("input: {}")), ["f(1,8) the name of an input is missing here"]);
}

#[test]
fn caches_are_read_with_their_labels_and_found_by_those_who_use_them() {
    let text = "
pipeline: {processors: [dedupe: {cache: users}, dedupe: {cache: '${! meta(\"cache\") }'}]}
cache_resources:
  - label: users
    memory: {}
  - {label: other, type: memory}";
    let config = with(text).unwrap();
    let caches: Vec<_> = config
        .caches
        .iter()
        .map(|cache| (cache.label.as_ref().unwrap().as_str(), cache.name.as_str(), cache.path.as_str()))
        .collect();
    assert_eq!(caches, [("users", "memory", "cache_resources.0"), ("other", "memory", "cache_resources.1")]);
}

#[test]
fn rate_limits_are_read_with_their_labels_and_a_cache_of_others_keeps_its_own() {
    let text = "
pipeline: {processors: [limit: {by: slow}, limit: {}]}
rate_limit_resources: [{label: slow, local: {}}]
cache_resources: [{label: a, memory: {}}, {label: b, levels: [a, a]}]";
    let config = with(text).unwrap();
    assert_eq!(config.rate_limits[0].path, "rate_limit_resources.0");
    assert_eq!(config.rate_limits[0].label.as_ref().unwrap().as_str(), "slow");
    assert_eq!(config.caches[1].config, json!(["a", "a"]));
}
