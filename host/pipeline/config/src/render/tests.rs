use std::collections::BTreeMap;

use super::*;
use crate::spec::{Description, FieldType, Kind};

fn catalog() -> Catalog {
    let description = json!({"contract": 1, "plugin": {"name": "files"}, "components": [
        {"kind": "input", "name": "file", "summary": "Reads\nfiles.", "config": {"type": "object", "fields": [
            {"name": "paths", "type": "string", "kind": "array", "docs": "Where to read.\nGlobs too."},
            {"name": "mode", "type": "string", "options": ["fast", "slow"]},
            {"name": "tls", "type": "object", "fields": [{"name": "on", "type": "bool", "default": false}]},
            {"name": "auth", "type": "object", "optional": true, "fields": [{"name": "user", "type": "string"}]},
            {"name": "limit", "type": "int", "default": 10, "advanced": true},
            {"name": "old", "type": "int", "default": 10, "deprecated": true},
        ]}},
        {"kind": "output", "name": "drop", "status": "beta", "summary": "Drops."},
        {"kind": "processor", "name": "mapping", "config":
            {"type": "string", "mapping": "bloblang", "examples": ["root = this"], "docs": "A mapping."}},
        {"kind": "processor", "name": "log", "config": {"type": "object", "fields": [
            {"name": "log", "type": "string", "default": "a: b"}]}},
    ]});
    let mut catalog = Catalog::new();
    catalog.insert(Description::from_json(&description.to_string()).unwrap()).unwrap();
    catalog
}

fn shown(kind: Kind, name: &str, detail: Detail) -> String {
    example(&catalog().get(kind, name).unwrap().spec, detail)
}

#[test]
fn components_are_listed_in_columns() {
    let expected = "\
input      file     stable        Reads files.
processor  log      stable
processor  mapping  stable
output     drop     beta          Drops.
";
    assert_eq!(list_text(&catalog()), expected);
    let json = list_json(&catalog());
    assert_eq!(
        json[3],
        json!({"kind": "output", "name": "drop", "status": "beta", "summary": "Drops.", "plugin": "files"})
    );
}

#[test]
fn an_example_shows_fields_with_their_docs() {
    let expected = "\
input:
  file:
    # Where to read.
    # Globs too.
    paths: [] # Required.
    # Options: fast, slow.
    mode: \"fast\" # Required.
    tls:
      on: false
    # auth: {}
";
    assert_eq!(shown(Kind::Input, "file", Detail::Common), expected);
    assert_eq!(shown(Kind::Input, "file", Detail::WithAdvanced), format!("{expected}    limit: 10\n"));
}

#[test]
fn a_processor_is_shown_in_its_list() {
    let expected = "\
pipeline:
  processors:
      # A mapping.
    - mapping: \"root = this\" # Required.
";
    assert_eq!(shown(Kind::Processor, "mapping", Detail::Common), expected);
    let expected = "\
pipeline:
  processors:
    - log:
        log: \"a: b\"
";
    assert_eq!(shown(Kind::Processor, "log", Detail::Common), expected);
}

#[test]
fn examples_together_are_a_configuration() {
    for processor in ["mapping", "log"] {
        let text = [
            shown(Kind::Input, "file", Detail::WithAdvanced),
            shown(Kind::Processor, processor, Detail::WithAdvanced),
            shown(Kind::Output, "drop", Detail::WithAdvanced),
        ]
        .concat();
        let config = crate::read("f", &text, &BTreeMap::new(), &catalog());
        assert!(config.is_ok(), "{config:?}");
    }
}

#[test]
fn a_field_is_one_line_with_its_type_and_whether_it_must_be_given() {
    let mut field = FieldSpec::new("paths", FieldType::String).of_kind(FieldKind::Array);
    field.docs = "What is read.\nIn order.\n\nMore.".to_owned();
    assert_eq!(field_text(&field), "paths: string list, required  What is read. In order.");
    let field = FieldSpec { secret: true, ..FieldSpec::new("key", FieldType::String).with_default("x") };
    assert_eq!(field_text(&field), "key: string, default \"x\", secret");
}

#[test]
fn callables_are_listed_with_their_parameters() {
    let json = serde_json::json!([
        {"name": "slice", "status": "stable", "docs": "A part.\n\nMore.", "params": [
            {"name": "low", "type": "integer"}, {"name": "high", "type": "integer", "optional": true}]},
        {"name": "format", "status": "beta", "variadic": true}]);
    let callables: Vec<Callable> = serde_json::from_value(json).unwrap();
    assert_eq!(
        callables_text(&callables),
        "slice(low, high?)  stable        A part.\nformat(...)        beta\n"
    );
}
