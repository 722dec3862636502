use rstest::rstest;

use super::*;
use crate::spec::Description;

fn catalog() -> Catalog {
    let description = json!({"contract": 1, "plugin": {"name": "test"}, "components": [
        {"kind": "input", "name": "file", "summary": "Reads files.", "config": {"type": "object", "fields": [
            {"name": "paths", "type": "string", "kind": "array", "docs": "The files."},
            {"name": "delete", "type": "bool", "default": false},
            {"name": "count", "type": "int", "default": 0},
            {"name": "mode", "type": "string", "default": "fast", "options": ["fast", "slow"]},
            {"name": "scanner", "type": "scanner", "default": {"lines": {}}, "docs": "How to cut them."},
            {"name": "labels", "type": "string", "kind": "map", "default": {}}]}},
        {"kind": "output", "name": "drop"},
        {"kind": "processor", "name": "mapping", "config": {"type": "string", "mapping": "bloblang"}},
        {"kind": "processor", "name": "try", "status": "deprecated",
            "config": {"type": "processor", "kind": "array"}},
        {"kind": "scanner", "name": "lines"},
        {"kind": "mapping", "name": "bloblang"},
        {"kind": "cache", "name": "memory"},
    ]});
    let mut catalog = Catalog::new();
    catalog.insert(Description::from_json(&description.to_string()).unwrap()).unwrap();
    catalog
}

/// As much of a validator as the schema needs.
fn fits(value: &Json, schema: &Json, whole: &Json) -> bool {
    if let Json::Bool(all) = schema {
        return *all;
    }
    if let Some(Json::String(name)) = schema.get("$ref") {
        return fits(value, whole.pointer(name.trim_start_matches('#')).unwrap(), whole);
    }
    let is_type = |name: &str| match name {
        "null" => value.is_null(),
        "string" => value.is_string(),
        "number" => value.is_number(),
        "integer" => value.is_i64() || value.is_u64(),
        "boolean" => value.is_boolean(),
        "array" => value.is_array(),
        _ => value.is_object(),
    };
    let type_fits = match schema.get("type") {
        None => true,
        Some(Json::String(name)) => is_type(name),
        Some(names) => names.as_array().unwrap().iter().any(|name| is_type(name.as_str().unwrap())),
    };
    let list = |name: &str| schema.get(name).and_then(Json::as_array);
    let fits_one = |schema: &&Json| fits(value, schema, whole);
    type_fits
        && list("anyOf").is_none_or(|all| all.iter().any(|schema| fits_one(&schema)))
        && list("allOf").is_none_or(|all| all.iter().all(|schema| fits_one(&schema)))
        && list("oneOf").is_none_or(|all| all.iter().filter(fits_one).count() == 1)
        && list("enum").is_none_or(|all| all.contains(value))
        && schema.get("not").is_none_or(|schema| !fits(value, schema, whole))
        && content_fits(value, schema, whole)
}

fn content_fits(value: &Json, schema: &Json, whole: &Json) -> bool {
    let matches = |pattern: &str, text: &str| regex_lite::Regex::new(pattern).unwrap().is_match(text);
    match value {
        Json::String(text) => {
            schema.get("pattern").is_none_or(|pattern| matches(pattern.as_str().unwrap(), text))
        }
        Json::Array(items) => {
            schema.get("items").is_none_or(|item| items.iter().all(|one| fits(one, item, whole)))
        }
        Json::Object(entries) => {
            let required = schema.get("required").and_then(Json::as_array).into_iter().flatten();
            let names = schema.get("propertyNames");
            let entry_fits = |(name, value): (&String, &Json)| {
                let own = schema.get("properties").and_then(|all| all.get(name));
                let patterns = schema.get("patternProperties").and_then(Json::as_object);
                let matching = patterns.into_iter().flatten().find(|(pattern, _)| matches(pattern, name));
                let own = own.or(matching.map(|(_, schema)| schema));
                let is_named = names.is_none_or(|names| fits(&Json::from(name.as_str()), names, whole));
                is_named
                    && own
                        .or(schema.get("additionalProperties"))
                        .is_none_or(|schema| fits(value, schema, whole))
            };
            required.into_iter().all(|name| entries.contains_key(name.as_str().unwrap()))
                && entries.iter().all(entry_fits)
        }
        _ => true,
    }
}

fn is_valid(text: &str) -> bool {
    let schema = json_schema(&catalog());
    fits(&crate::yaml::parse(text).root.unwrap().to_json().unwrap(), &schema, &schema)
}

const WHOLE: &str = "
input:
  label: a
  file: {paths: [x], count: '5', delete: true, scanner: {lines: {}}, labels: {a: 1}}
  processors: [{mapping: root = 1}]
pipeline: {threads: 2, processors: [{try: [{mapping: {language: bloblang, code: root = 2}}]}]}
output: {type: drop}
logger: {level: DEBUG}
cache_resources: [{label: c, memory: {}, limits: {memory: 1MiB}}]
tests: [{name: a, input_batch: [{content: 5}], output_batches: [[{json_equals: {a: 1}}]]}]
";

#[rstest]
#[case::whole(WHOLE)]
#[case::variables("input: {file: {paths: ['${A}'], count: '${COUNT:5}', delete: '${X}', mode: '${MODE}'}}")]
#[case::nothing_is_the_default(
    "input: {file: {paths: [a], mode: null, scanner: null, labels: null}}\noutput: {drop: null}"
)]
#[case::pinned("input: {stdin@sha256:0123456789ab: {}}")]
#[case::resources_only("processor_resources: [{label: p, mapping: root = 1}]")]
fn what_lint_takes_is_valid(#[case] text: &str) {
    assert!(is_valid(text));
}

#[rstest]
#[case::unknown_field("nope: 1")]
#[case::unknown_component("input: {fil: {paths: [a]}}")]
#[case::two_components("pipeline: {processors: [{mapping: a, try: []}]}")]
#[case::none("output: {label: a}")]
#[case::field_of_a_component("input: {file: {paths: [a], pahts: [b]}}")]
#[case::missing("input: {file: {}}")]
#[case::word_for_a_number("input: {file: {paths: [a], count: many}}")]
#[case::word_for_a_flag("input: {file: {paths: [a], delete: often}}")]
#[case::option("input: {file: {paths: [a], mode: medium}}")]
#[case::inside("pipeline: {processors: [{try: [{nope: {}}]}]}")]
#[case::scanner("input: {file: {paths: [a], scanner: {words: {}}}}")]
#[case::label("output: {label: _A, drop: {}}")]
#[case::resource_without_a_label("cache_resources: [{memory: {}}]")]
#[case::test_without_a_name("tests: [{input_batch: []}]")]
#[case::condition("tests: [{name: a, output_batches: [[{is_equal: 1}]]}]")]
fn what_lint_refuses_is_not(#[case] text: &str) {
    assert!(!is_valid(text));
}

#[test]
fn what_helps_to_write_is_there() {
    let schema = json_schema(&catalog());
    let file = &schema["definitions"]["input.file"];
    assert_eq!(file["description"], "Reads files.");
    assert_eq!(file["required"], json!(["paths"]));
    assert_eq!(file["properties"]["paths"]["description"], "The files.");
    assert_eq!(file["properties"]["mode"]["default"], "fast");
    assert_eq!(file["properties"]["scanner"]["description"], "How to cut them.");
    assert_eq!(schema["definitions"]["processor.try"]["deprecated"], true);
    assert!(schema["definitions"].get("mapping.bloblang").is_none());
}
