use std::collections::BTreeMap;

use serde_json::json;

use super::*;
use crate::spec::Description;

const CONFIG: &str = "\
input:
  label: source
  nobody_knows: {}
  processors:
    - mapping: root = 0
pipeline:
  processors:
    - mapping: 'root = ${NUMBER}'
    - label: fetch
      http: {url: x}
    - label: last
      mapping: root = 3
cache_resources:
  - label: kept
    memory: {}
";

fn catalog() -> Catalog {
    let description = r#"{"contract": 1, "plugin": {"name": "p"}, "components": [
        {"kind": "processor", "name": "mapping", "config": {"type": "string", "mapping": "bloblang"}},
        {"kind": "processor", "name": "cached", "config": {"type": "object", "fields": [
            {"name": "cache", "type": "string", "resource": "cache"}]}},
        {"kind": "processor", "name": "resource", "config": {"type": "string", "resource": "processor"}},
        {"kind": "cache", "name": "memory"}]}"#;
    let mut catalog = Catalog::new();
    catalog.insert(Description::from_json(description).unwrap()).unwrap();
    catalog
}

fn take(target: &str, mocks: &[(&str, Json)]) -> Result<Excerpt, String> {
    let mocks: Vec<Mock> = mocks
        .iter()
        .map(|(target, component)| Mock { target: (*target).to_owned(), component: component.clone() })
        .collect();
    let variables = BTreeMap::from([("NUMBER".to_owned(), "7".to_owned())]);
    let file = ConfigFile { path: "c.yaml", text: CONFIG };
    excerpt(file, &[], &variables, &catalog(), target, &mocks).map_err(|error| error.to_string())
}

fn shown(excerpt: &Excerpt) -> Vec<String> {
    let line = |found: &ComponentConfig| format!("{} {}", found.path, found.config);
    excerpt.processors.iter().map(line).collect()
}

#[test]
fn a_pointer_takes_one_processor_or_a_list() {
    assert_eq!(shown(&take("/input/processors", &[]).unwrap()), ["input.processors.0 \"root = 0\""]);
    assert_eq!(shown(&take("/pipeline/processors/0", &[]).unwrap()), ["pipeline.processors.0 \"root = 7\""]);
}

#[test]
fn a_label_takes_its_processor_and_all_caches_come_along() {
    let taken = take("last", &[]).unwrap();
    assert_eq!(shown(&taken), ["pipeline.processors.2 \"root = 3\""]);
    assert_eq!(taken.caches.len(), 1);
}

#[test]
fn a_mock_stands_in_for_what_is_not_known_and_keeps_the_label() {
    let error = take("/pipeline/processors", &[]).unwrap_err();
    assert_eq!(error, "c.yaml(10,7) processor `http` not recognised");
    for target in ["fetch", "/pipeline/processors/1"] {
        let taken = take("/pipeline/processors", &[(target, json!({"mapping": "root = 2"}))]).unwrap();
        assert_eq!(shown(&taken)[1], "pipeline.processors.1 \"root = 2\"");
        assert_eq!(taken.processors[1].label.as_ref().unwrap().as_str(), "fetch");
    }
}

#[test]
fn what_is_named_must_be_there() {
    assert_eq!(
        take("nobody", &[]).unwrap_err(),
        "target for label 'nobody' failed as the label was not found in c.yaml"
    );
    assert_eq!(
        take("last", &[("nobody", json!({}))]).unwrap_err(),
        "mock for label 'nobody' could not be applied as the label was not found in c.yaml"
    );
    assert_eq!(
        take("/pipeline/processors/9", &[]).unwrap_err(),
        "failed to resolve case processors from 'c.yaml': pipeline.processors.9: target index greater than \
         array length"
    );
}

#[test]
fn caches_of_other_files_can_be_used() {
    let file = ConfigFile { path: "c.yaml", text: "pipeline: {processors: [{cached: {cache: far}}]}" };
    let resource = ConfigFile { path: "r.yaml", text: "cache_resources: [{label: far, memory: {}}]" };
    let none = BTreeMap::new();
    let take = |resources: &[ConfigFile<'_>]| {
        excerpt(file, resources, &none, &catalog(), "/pipeline/processors", &[])
    };
    assert!(take(&[resource]).is_ok());
    assert!(take(&[]).unwrap_err().to_string().contains("there is no cache `far`"));
}

const WITH_RESOURCES: &str = "\
pipeline: {processors: [{resource: outer}, {resource: far}]}
processor_resources:
  - label: outer
    resource: fetch # A lint, which does not matter here.
  - label: fetch
    http: {url: x}
  - label: unused
    nobody_knows: {}
";

fn take_with_resources(target: &str, mocks: &[(&str, Json)]) -> Result<Excerpt, String> {
    let file = ConfigFile { path: "c.yaml", text: WITH_RESOURCES };
    let resource = ConfigFile {
        path: "r.yaml",
        text: "processor_resources: [{label: far, mapping: root = 5}, {label: fetch, mapping: root = 6}]",
    };
    let mocks: Vec<Mock> = mocks
        .iter()
        .map(|(target, component)| Mock { target: (*target).to_owned(), component: component.clone() })
        .collect();
    let none = BTreeMap::new();
    excerpt(file, &[resource], &none, &catalog(), target, &mocks).map_err(|error| error.to_string())
}

#[test]
fn resources_come_along_where_they_are_used_and_can_be_mocked() {
    let error = take_with_resources("/pipeline/processors", &[]).unwrap_err();
    assert_eq!(error, "c.yaml(6,5) processor `http` not recognised");
    for target in ["fetch", "/processor_resources/1"] {
        let mocks = [(target, json!({"mapping": "root = 2"}))];
        let taken = take_with_resources("/pipeline/processors", &mocks).unwrap();
        let mut found: Vec<String> = taken
            .resources
            .iter()
            .map(|found| format!("{} {}", found.label.as_ref().unwrap(), found.config))
            .collect();
        found.sort();
        assert_eq!(found, ["far \"root = 5\"", "fetch \"root = 2\"", "outer \"fetch\""]);
    }
    let taken = take_with_resources("far", &[]).unwrap_err();
    assert!(taken.contains("was not found in c.yaml"), "{taken}");
}

#[test]
fn a_resource_can_be_the_target_and_a_circle_is_found() {
    let mocks = [("fetch", json!({"resource": "outer"}))];
    let error = take_with_resources("outer", &mocks).unwrap_err();
    assert!(error.contains("uses itself: "), "{error}");
    let taken = take_with_resources("outer", &[("fetch", json!({"mapping": ""}))]).unwrap();
    assert_eq!((taken.processors.len(), taken.resources.len()), (1, 1));
}
