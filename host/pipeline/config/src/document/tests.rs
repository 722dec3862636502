use std::collections::BTreeMap;

use rstest::rstest;
use serde_json::json;

use super::*;
use crate::spec::Description;

const MAIN: &str = "\
input: {generate: {count: 1}}
pipeline:
  processors: [noop: {}, noop: {}]
output: {stdout: {}}
";

fn catalog() -> Catalog {
    let description = json!({"contract": 1, "plugin": {"name": "test"}, "components": [
        {"kind": "input", "name": "generate", "config": {"type": "object", "fields": [
            {"name": "count", "type": "int", "default": 0},
            {"name": "mapping", "type": "string", "default": ""},
            {"name": "paths", "type": "string", "kind": "array", "default": []}]}},
        {"kind": "output", "name": "stdout"},
        {"kind": "processor", "name": "noop"},
        {"kind": "processor", "name": "resource", "config": {"type": "string", "resource": "processor"}},
        {"kind": "processor", "name": "cached", "config": {"type": "object", "fields": [
            {"name": "cache", "type": "string", "resource": "cache"}]}},
        {"kind": "cache", "name": "memory"},
    ]});
    let mut catalog = Catalog::new();
    catalog.insert(Description::from_json(&description.to_string()).unwrap()).unwrap();
    catalog
}

fn read(main: &str, resources: &[&str], settings: &[&str]) -> Examined {
    let names: Vec<String> = (0..resources.len()).map(|index| format!("r{index}")).collect();
    let resources: Vec<_> =
        names.iter().zip(resources).map(|(path, text)| ConfigFile { path, text }).collect();
    let settings: Vec<String> = settings.iter().map(|text| (*text).to_owned()).collect();
    let main = ConfigFile { path: "m", text: main };
    let files = Files { main, resources: &resources, settings: &settings };
    let variables = BTreeMap::from([("NAME".to_owned(), "a much longer one".to_owned())]);
    Document::read(&files, &variables).examine(&catalog(), LintOptions::default())
}

fn problems(main: &str, resources: &[&str], settings: &[&str]) -> Vec<String> {
    read(main, resources, settings).problems.iter().map(ToString::to_string).collect()
}

#[test]
fn fields_are_set_before_the_configuration_is_read() {
    let settings = [
        "input.generate.count=5",
        "input.generate.mapping=root = 1",
        "input.generate.paths=a",
        "pipeline.processors.0.label=first",
        "pipeline.processors.-.label=last",
        "pipeline.processors.2.noop=",
        "cache_resources.-.label=c",
        "cache_resources.0.type=memory",
    ];
    let settings: Vec<&str> = settings.into_iter().filter(|text| !text.ends_with('=')).collect();
    let more = [settings.as_slice(), &["pipeline.processors.2.type=noop"]].concat();
    let examined = read(MAIN, &[], &more);
    assert_eq!(examined.problems, []);
    let config = examined.config.unwrap();
    assert_eq!(config.input.config, json!({"count": 5, "mapping": "root = 1", "paths": ["a"]}));
    let label = |index: usize| config.processors[index].label.as_ref().map(|label| label.as_str());
    assert_eq!([label(0), label(1), label(2)], [Some("first"), None, Some("last")]);
    assert_eq!(config.caches.len(), 1);
}

#[rstest]
#[case("foo", "--set foo(1,1) invalid set expression 'foo': expected foo=bar syntax")]
#[case("foo=", "--set foo=(1,1) invalid set expression 'foo=': expected foo=bar syntax")]
#[case("nope.x=5", "--set nope.x(1,1) field nope not recognised")]
#[case("input.generate.nope=5", "--set input.generate.nope(1,1) field nope not recognised")]
#[case("input.generate.count=many", "--set input.generate.count(1,22) expected int value, got string")]
#[case(
    "pipeline.processors.7.noop=5",
    "--set pipeline.processors.7.noop(1,1) failed to set config field override: pipeline.processors.7: target index greater than array length"
)]
#[case(
    "pipeline.processors.x=5",
    "--set pipeline.processors.x(1,1) failed to set config field override: pipeline.processors.x: failed to parse path segment as array index"
)]
fn what_can_not_be_set_is_told_from_the_file(#[case] setting: &str, #[case] expected: &str) {
    assert_eq!(problems(MAIN, &[], &[setting]), [expected]);
}

#[test]
fn files_with_resources_add_to_the_lists_of_the_main_file() {
    let main = MAIN.replace("noop: {}, noop: {}", "resource: p, cached: {cache: d}");
    let first = "processor_resources: [{label: p, cached: {cache: c}}]\ntests: []\n";
    let second = "cache_resources:\n  - {label: c, memory: {}}\n  - {label: d, memory: {}}\n";
    assert!(!problems(&main, &[first], &[]).is_empty(), "the caches are missing");
    let examined = read(
        &main.replace("[resource: p, cached: {cache: d}]", "[{resource: p}, {cached: {cache: d}}]"),
        &[first, second],
        &[],
    );
    assert_eq!(examined.problems, []);
    let config = examined.config.unwrap();
    let files: Vec<_> =
        config.caches.iter().map(|cache| (cache.file.as_deref(), cache.span.start.line)).collect();
    assert_eq!(files, [(Some("r1"), 2), (Some("r1"), 3)]);
    assert_eq!(config.resources[0].path, "processor_resources.0");
    assert_eq!(config.input.file, None);
}

#[test]
fn what_is_wrong_is_found_in_the_file_where_it_stands() {
    let first =
        "input: {generate: {}}\n# ${NAME}\ncache_resources: [{label: '${NAME}', memory: {nope: 1}}]\n";
    assert_eq!(
        problems(
            &format!("{MAIN}nope: 1\n"),
            &["- 1\n", first, "cache_resources: [", "caches: []\n"],
            &["nope=2"]
        ),
        [
            "m(5,1) field nope not recognised",
            "r0(1,1) expected object value, got !!seq",
            "r1(1,1) field input not recognised",
            "r1(3,27) label 'a much longer one' is not allowed: it takes the characters a-z, 0-9 and _, and does not begin with _",
            "r1(3,47) field nope not recognised",
            "r2(1,19) invalid YAML: while parsing a node, did not find expected node content",
            "r3(1,1) field caches not recognised",
        ]
    );
}

#[test]
fn labels_are_looked_at_file_by_file_and_those_of_resources_by_sort() {
    let cache = "cache_resources: [{label: c, memory: {}}]\n";
    let main = MAIN.replace("[noop: {}, noop: {}]", "[{label: c, noop: {}}]");
    assert_eq!(problems(&main, &[cache], &[]), [""; 0]);
    let collision = "cache resource label 'c' collides with a previously defined resource";
    assert_eq!(problems(&format!("{MAIN}{cache}"), &[cache], &[]), [format!("r0(1,27) {collision}")]);
    assert_eq!(problems(MAIN, &[cache, cache], &[]), [format!("r1(1,27) {collision}")]);
    let twice = "cache_resources: [{label: c, memory: {}}]\nprocessor_resources: [{label: c, noop: {}}]\n";
    assert_eq!(
        problems(MAIN, &[twice], &[]),
        ["r0(2,24) label 'c' collides with a previously defined label at line 1"]
    );
}

#[test]
fn every_file_may_want_no_lints() {
    let quiet = "# BENTO LINT DISABLE\nnope: 1\ncache_resources: [{label: c, memory: {nope: 1}}]\n";
    let loud = quiet.replace("DISABLE", "");
    assert_eq!(problems(MAIN, &[quiet], &[]), [""; 0]);
    assert_eq!(problems(MAIN, &[quiet, &loud.replace("label: c", "label: d")], &[]).len(), 2);
}

#[test]
fn what_has_no_pipeline_is_part_of_others() {
    let is_part = |text: &str| Document::read(&Files::one("f", text), &BTreeMap::new()).is_part();
    assert!(is_part("cache_resources: []\nlogger: {}") && is_part("tests: []"));
    assert!(!is_part("cache_resources: []\ninput: {}") && !is_part("logger: {}") && !is_part("["));
}
