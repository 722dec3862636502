use std::collections::BTreeMap;

use serde_json::json;

use super::*;
use crate::document::Files;
use crate::lint::{Examined, LintOptions};
use crate::spec::Description;

const PROCESS: &str = "\
logger: {level: DEBUG}
cache_resources: [{label: c, memory: {}}]
";

fn catalog() -> Catalog {
    let description = json!({"contract": 1, "plugin": {"name": "test"}, "components": [
        {"kind": "input", "name": "stdin"}, {"kind": "output", "name": "stdout"}, {"kind": "output", "name": "drop"},
        {"kind": "cache", "name": "memory"}, {"kind": "rate_limit", "name": "local"},
        {"kind": "processor", "name": "cached", "config": {"type": "object", "fields": [
            {"name": "cache", "type": "string", "resource": "cache"}]}},
    ]});
    let mut catalog = Catalog::new();
    catalog.insert(Description::from_json(&description.to_string()).unwrap()).unwrap();
    catalog
}

fn process(text: &str) -> Document {
    Document::read(&Files::one("root.yaml", text), &BTreeMap::new()).of_process()
}

fn stream(text: &str, process: &Document) -> Examined {
    let variables = BTreeMap::from([("LONG".to_owned(), "cached".to_owned())]);
    let document = Document::of_stream(ConfigFile { path: "s", text }, process, &variables);
    document.examine(&catalog(), LintOptions::default())
}

fn lines(problems: &[Problem]) -> Vec<String> {
    problems.iter().map(ToString::to_string).collect()
}

#[test]
fn a_pipeline_uses_the_resources_of_its_process() {
    let process = process(PROCESS);
    let examined = stream("pipeline: {processors: [{cached: {cache: c}}]}\noutput: {drop: {}}\n", &process);
    assert_eq!(lines(&examined.problems), [""; 0]);
    let config = examined.config.unwrap();
    assert_eq!(
        (config.input.name.as_str(), config.output.name.as_str(), config.caches.len()),
        ("stdin", "drop", 1)
    );
    assert_eq!(config.caches[0].file.as_deref(), Some("root.yaml"));
    let examined = stream("pipeline: {processors: [{cached: {cache: d}}]}", &process);
    assert!(lines(&examined.problems)[0].starts_with("s(1,42) "), "{:?}", examined.problems);
}

#[test]
fn what_is_of_the_other_is_refused_where_it_stands() {
    let process = process(&format!("{PROCESS}input: {{stdin: {{}}}}\n"));
    let problems = process.examine(&catalog(), LintOptions::default()).problems;
    assert_eq!(lines(&problems), ["root.yaml(3,1) field input not recognised"]);
    let examined = stream("# ${LONG}\nhttp: {}\ntests: []\npipelin: {}\n", &process);
    let expected =
        ["s(2,1) field http not recognised", "s(4,1) field pipelin not recognised, did you mean `pipeline`?"];
    assert_eq!(lines(&examined.problems), expected);
    let quiet = "# BENTO LINT DISABLE\nhttp: {}\n";
    assert_eq!(lines(&stream(quiet, &process).problems), [""; 0]);
}

#[test]
fn a_text_may_hold_many_pipelines() {
    let text = "a: {output: {drop: {}}}\nb:\n  nope: 1\n";
    let process = process(PROCESS);
    let streams = Document::of_streams(ConfigFile { path: "sent", text }, &process).unwrap();
    let problems = |index: usize| {
        let (id, document) = &streams[index];
        (id.as_str(), lines(&document.examine(&catalog(), LintOptions::default()).problems))
    };
    assert_eq!(problems(0), ("a", vec![]));
    assert_eq!(problems(1), ("b", vec!["sent(3,3) field nope not recognised".to_owned()]));
    assert_eq!(streams[0].1.written(), json!({"output": {"drop": {}}}));
    for wrong in ["- a", "a: [", "text"] {
        assert!(Document::of_streams(ConfigFile { path: "sent", text: wrong }, &process).is_err(), "{wrong}");
    }
}

#[test]
fn a_resource_takes_the_place_of_another() {
    let process = process(PROCESS);
    let with = |kind, label: &str, text: &str| {
        process.with_resource((kind, label), ConfigFile { path: "sent", text }, &BTreeMap::new())
    };
    let replaced = with(Kind::Cache, "c", "\nmemory: {}\nlabel: other\n");
    let config = replaced.examine(&catalog(), LintOptions::default()).config.unwrap();
    assert_eq!((config.caches.len(), config.caches[0].file.as_deref()), (1, Some("sent")));
    assert_eq!(config.caches[0].label.as_ref().map(ToString::to_string).as_deref(), Some("c"));
    let added = with(Kind::RateLimit, "r", "local: {nope: 1}");
    assert_eq!(lines(&added.problems_in("sent", &catalog())), ["sent(1,9) field nope not recognised"]);
    let used = "pipeline: {processors: [{cached: {cache: d}}]}";
    assert_eq!(lines(&stream(used, &with(Kind::Cache, "d", "memory: {}")).problems), [""; 0]);
}
