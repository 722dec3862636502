use super::*;
use crate::spec::Description;
use crate::{Catalog, Problem, read};

fn with(section: &str) -> Result<TracerConfig, Vec<Problem>> {
    let description = json!({"contract": 1, "plugin": {"name": "test"}, "components": [
        {"kind": "input", "name": "none"}, {"kind": "output", "name": "none"}]});
    let mut catalog = Catalog::new();
    catalog.insert(Description::from_json(&description.to_string()).unwrap()).unwrap();
    let text = format!("input: {{none: {{}}}}\noutput: {{none: {{}}}}\n{section}\n");
    read("f", &text, &BTreeMap::new(), &catalog).map(|config| config.tracer)
}

#[test]
fn nobody_is_told_by_default() {
    for section in ["", "tracer:", "tracer: none", "tracer: {none: {}}", "tracer: {type: none}"] {
        assert_eq!(with(section).unwrap(), TracerConfig::None, "{section}");
    }
}

#[test]
fn collectors_are_told_over_both_protocols() {
    let section = "
tracer:
  open_telemetry_collector:
    http: [{address: 'one:1'}, {}, {url: 'https://three/', secure: false}]
    grpc: [{secure: true}, {address: '[::1]:5'}]
    tags: {service.name: shop, floor: '3'}
    sampling: {enabled: true, ratio: 0.25}
";
    let TracerConfig::OpenTelemetryCollector(config) = with(section).unwrap() else { panic!("another one") };
    let told: Vec<_> = config
        .collectors
        .iter()
        .map(|collector| (collector.protocol, collector.address.as_str(), collector.secure))
        .collect();
    let (http, grpc) = (CollectorProtocol::Http, CollectorProtocol::Grpc);
    let expected = [
        (http, "one:1", false),
        (http, "localhost:4318", false),
        (http, "three", true),
        (grpc, "localhost:4317", true),
        (grpc, "[::1]:5", false),
    ];
    assert_eq!(told, expected);
    assert_eq!(config.tags["service.name"], "shop");
    assert_eq!(config.ratio, Some(0.25));
}

#[test]
fn sampling_is_off_unless_it_is_enabled_and_nothing_is_sampled_without_a_ratio() {
    let ratio = |sampling: &str| {
        let section = format!("tracer: {{open_telemetry_collector: {{sampling: {sampling}}}}}");
        let TracerConfig::OpenTelemetryCollector(config) = with(&section).unwrap() else { panic!("none") };
        config.ratio
    };
    assert_eq!(ratio("{}"), None);
    assert_eq!(ratio("{ratio: 0.5}"), None);
    assert_eq!(ratio("{enabled: true}"), Some(0.0));
}

#[test]
fn what_is_wrong_is_reported() {
    for (section, expected) in [
        ("tracer: {}", "f(3,9) an explicit tracer type must be specified"),
        ("tracer: some", "f(3,9) expected object value, got !!str"),
        ("tracer: {jeger: {}}", "f(3,10) tracer type `jeger` not recognised, did you mean `jaeger`?"),
        ("tracer: {jaeger: {}}", "f(3,10) tracer `jaeger` is not supported by this version yet"),
        ("tracer: {none: {a: 1}}", "f(3,17) field a not recognised"),
        (
            "tracer: {open_telemetry_collector: {http: [{address: 'a/b'}]}}",
            "f(3,43) `a/b` is not an address such as localhost:4318",
        ),
        ("tracer: {open_telemetry_collector: {grpc: [{url: ''}]}}", "f(3,43) an address must be specified"),
        (
            "tracer: {open_telemetry_collector: {sampling: {enabled: true, ratio: 2}}}",
            "f(3,47) ratio is a number from 0 to 1",
        ),
    ] {
        let problems: Vec<_> = with(section).unwrap_err().iter().map(ToString::to_string).collect();
        assert_eq!(problems, [expected], "{section}");
    }
}
