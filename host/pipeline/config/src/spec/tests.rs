use rstest::rstest;
use serde_json::{Value as Json, json};

use super::*;

fn described(components: Json) -> Result<Description, DescriptionError> {
    let json =
        json!({"contract": 1, "plugin": {"name": "my-plugin", "version": "1"}, "components": components});
    Description::from_json(&json.to_string())
}

fn with_fields(fields: Json) -> Result<Description, DescriptionError> {
    described(json!([{"kind": "input", "name": "a", "config": {"type": "object", "fields": fields}}]))
}

#[test]
fn a_description_is_read_with_defaults_and_without_what_is_unknown() {
    let description = described(json!([{
        "kind": "input", "name": "file", "rereads": true, "later": {"x": 1},
        "config": {"type": "object", "fields": [
            {"name": "paths", "type": "string", "kind": "array", "docs": "Where.", "new": 1},
            {"name": "note", "type": "string", "default": null},
        ]},
        "examples": [{"title": "t", "config": "file: {}"}],
    }]))
    .unwrap();
    let component = &description.components()[0];
    assert_eq!((component.status, component.rereads, component.incremental), (Status::Stable, true, false));
    assert_eq!(component.config.fields[0].kind, FieldKind::Array);
    assert_eq!(component.config.fields[0].default, None);
    assert_eq!(component.config.fields[1].default, Some(Json::Null));
    assert_eq!(description.plugin().name.as_str(), "my-plugin");
}

#[test]
fn what_is_written_is_read_again() {
    let description = with_fields(json!([
        {"name": "m", "type": "string", "mapping": "bloblang", "default": "root = this"},
        {"name": "o", "type": "object", "optional": true, "fields": [{"name": "n", "type": "int", "default": 3}]},
        {"name": "s", "type": "scanner", "default": {"lines": {}}, "secret": true, "examples": [1]},
    ]))
    .unwrap();
    let json = serde_json::to_string(&description).unwrap();
    assert_eq!(Description::from_json(&json).unwrap(), description);
}

#[test]
fn another_contract_is_refused_whatever_else_it_holds() {
    let error = Description::from_json(r#"{"contract": 2, "plugin": 7}"#).unwrap_err();
    assert_eq!(error.to_string(), "the description says contract 2, and this host knows contract 1");
    assert!(matches!(Description::from_json("{}"), Err(DescriptionError::Contract { .. })));
    assert!(matches!(Description::from_json("{"), Err(DescriptionError::Form(_))));
}

#[rstest]
#[case(json!({"kind": "gadget", "name": "a"}))]
#[case(json!({"kind": "input", "name": "A"}))]
#[case(json!({"kind": "input", "name": "a-b"}))]
#[case(json!({"kind": "input", "name": ""}))]
#[case(json!({"kind": "input"}))]
#[case(json!({"kind": "input", "name": "a", "config": {"type": "strange"}}))]
fn a_component_of_another_form_is_named(#[case] component: Json) {
    let error = described(json!([{"kind": "input", "name": "fine"}, component])).unwrap_err();
    assert!(matches!(error, DescriptionError::Component { index: 1, .. }), "{error}");
}

#[rstest]
#[case(json!([{"name": "x", "type": "int"}, {"name": "x", "type": "int"}]), "the configuration has the field x twice")]
#[case(json!([{"type": "int"}]), "the configuration has a field without a name")]
#[case(json!([{"name": "x", "type": "int", "default": "1"}]), "the default \"1\" of field x does not fit its type")]
#[case(json!([{"name": "x", "type": "int", "default": 1.5}]), "the default 1.5 of field x does not fit its type")]
#[case(json!([{"name": "x", "type": "int", "kind": "array", "default": 1}]), "the default 1 of field x does not fit its type")]
#[case(json!([{"name": "x", "type": "int", "fields": [{"name": "y"}]}]), "field x has fields but is of type int")]
#[case(
    json!([{"name": "x", "type": "int", "options": ["a"]}]),
    "field x is of type int, and only strings have options, interpolation or a mapping"
)]
#[case(
    json!([{"name": "x", "type": "object", "default": {}, "fields": [{"name": "y", "type": "int"}]}]),
    "the default {} of field x does not fit its type"
)]
#[case(
    json!([{"name": "x", "type": "object", "fields": [{"name": "y", "type": "bool", "default": 0}]}]),
    "the default 0 of field x.y does not fit its type"
)]
#[case(json!([{"name": "x", "type": "scanner"}, {"name": "y", "type": "scanner"}]), "it has more than one scanner field")]
fn what_makes_no_sense_is_named(#[case] fields: Json, #[case] reason: &str) {
    assert_eq!(with_fields(fields).unwrap_err().to_string(), format!("input a: {reason}"));
}

#[test]
fn the_same_name_is_fine_for_another_kind_only() {
    let component = |kind: &str| json!({"kind": kind, "name": "a"});
    assert!(described(json!([component("input"), component("output")])).is_ok());
    let error = described(json!([component("input"), component("input")])).unwrap_err();
    assert_eq!(error.to_string(), "input a: the description holds it twice");
}

#[test]
fn fields_nested_too_deep_are_refused() {
    let mut field = FieldSpec::new("f", FieldType::Int).with_default(1);
    for _ in 0..40 {
        field = FieldSpec::new("f", FieldType::Object).with_fields(vec![field]);
    }
    let plugin = Plugin { name: "p".parse().unwrap(), version: String::new(), summary: String::new() };
    let component = serde_json::from_value::<ComponentSpec>(json!({"kind": "cache", "name": "c"})).unwrap();
    let error = Description::new(plugin, vec![ComponentSpec { config: field, ..component }]).unwrap_err();
    assert!(error.to_string().contains("nested deeper than 32 levels"));
}

#[rstest]
#[case("a-b_9", true, false)]
#[case("ab_9", true, true)]
#[case("Ab", false, false)]
#[case("", false, false)]
#[case("a b", false, false)]
fn names_are_checked(#[case] text: &str, #[case] plugin: bool, #[case] component: bool) {
    assert_eq!(text.parse::<PluginName>().is_ok(), plugin);
    assert_eq!(text.parse::<ComponentName>().is_ok(), component);
}
