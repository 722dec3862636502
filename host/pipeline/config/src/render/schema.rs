//! The whole configuration as a JSON Schema (draft 7, which editors know best), for completion and checks while one
//! is written.
//!
//! Components stand in `definitions` once each and are referred to. The schema takes every configuration that lint
//! takes, with variables not replaced yet, also of files that hold resources or tests only; what needs to know another language, labels or files is left to lint.

use serde_json::{Map, Value as Json, json};

use crate::catalog::{Catalog, Entry};
use crate::component::{LimitsConfig, agent_cluster_described, reserved};
use crate::pipeline;
use crate::spec::{FieldKind, FieldSpec, FieldType, Kind, Status};
use crate::unit_test;

/// A variable somewhere in a text, which may become anything.
const VARIABLE: &str = r"\$\{[0-9A-Za-z_.]+(:.*)?\}";
const LABEL: &str = "^[a-z0-9][a-z0-9_]*$";
/// The name of a component with the build that is wanted.
const PINNED: &str = "^[^@]+@sha256:[0-9a-f]{12,64}$";

/// The schema of configurations with the components of a catalog.
pub fn json_schema(catalog: &Catalog) -> Json {
    let mut properties = Map::new();
    for spec in pipeline::root_fields() {
        properties.insert(spec.name.clone(), field(&spec));
    }
    for (name, kind) in pipeline::RESOURCES {
        let item = json!({"allOf": [reference(kind), {"required": ["label"]}]});
        properties.insert(name.to_owned(), json!({"type": ["array", "null"], "items": item}));
    }
    properties.insert(pipeline::TESTS.to_owned(), reference_to("tests"));
    // Only `none`, until there are others.
    properties.entry("buffer").or_insert_with(|| json!({"type": ["object", "null"]}));

    let of_agents: Vec<Entry> = catalog.iter().filter_map(agent_cluster_described).collect();
    let mut definitions = Map::new();
    for kind in Kind::ALL.into_iter().filter(|kind| *kind != Kind::Mapping) {
        let entries: Vec<&Entry> =
            catalog.iter().chain(&of_agents).filter(|entry| entry.spec.kind == kind).collect();
        definitions.insert(kind.to_string(), any_of(kind, &entries));
        for entry in entries {
            let name = format!("{kind}.{}", entry.spec.name);
            definitions.insert(name, component(entry));
        }
    }
    definitions.insert("limits".to_owned(), limits());
    definitions.insert("mapping".to_owned(), mapping(catalog));
    definitions.insert("tests".to_owned(), unit_test::schema());
    json!({
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "A pipeline of Forebay",
        "type": "object",
        "properties": properties,
        "additionalProperties": false,
        "definitions": definitions,
    })
}

/// A component of a kind: an object with the name of one, and what may stand beside it.
fn any_of(kind: Kind, entries: &[&Entry]) -> Json {
    let mut properties = Map::new();
    for name in reserved(kind) {
        properties.insert((*name).to_owned(), beside(name, entries));
    }
    for entry in entries {
        let name = entry.spec.name.as_str();
        properties.insert(name.to_owned(), reference_to(&format!("{kind}.{name}")));
    }
    let one: Vec<Json> = entries.iter().map(|entry| json!({"required": [entry.spec.name]})).collect();
    let is_pinned = json!({"not": {"propertyNames": {"not": {"pattern": PINNED}}}});
    let mut ways = vec![json!({"required": ["type"]}), is_pinned];
    // An empty choice is no schema.
    if !one.is_empty() {
        ways.insert(0, json!({"oneOf": one}));
    }
    json!({
        "type": "object",
        "properties": properties,
        "patternProperties": {PINNED: true},
        "additionalProperties": false,
        "anyOf": ways,
    })
}

/// A field that stands beside the name of a component.
fn beside(name: &str, entries: &[&Entry]) -> Json {
    let names: Vec<&str> = entries.iter().map(|entry| entry.spec.name.as_str()).collect();
    let named = |description: &str| {
        let known = json!({"enum": names});
        let pinned = json!({"type": "string", "pattern": format!("{PINNED}|{VARIABLE}")});
        json!({"description": description, "anyOf": [known, pinned]})
    };
    match name {
        "label" => json!({
            "description": "The name of this component in metrics, tests and logs, and for those that use it.",
            "type": ["string", "null"],
            "pattern": format!("^$|{LABEL}|{VARIABLE}"),
        }),
        "type" => named("Which component this is, where its name does not say it."),
        "shadow" => named("A processor that works on the same batches, to be compared."),
        "processors" => json!({
            "description": "Processors that belong to this component alone.",
            "type": ["array", "null"],
            "items": reference(Kind::Processor),
        }),
        "limits" => reference_to("limits"),
        _ => json!({}),
    }
}

fn component(entry: &Entry) -> Json {
    let spec = &entry.spec;
    let mut schema = field(&spec.config);
    let texts = [spec.summary.as_str(), spec.description.as_str(), status(spec.status)];
    let description: Vec<&str> = texts.into_iter().filter(|text| !text.is_empty()).collect();
    schema["description"] = description.join("\n\n").into();
    if spec.status == Status::Deprecated {
        schema["deprecated"] = true.into();
    }
    let examples: Vec<&str> = spec.examples.iter().map(|example| example.config.as_str()).collect();
    if !examples.is_empty() {
        schema["$comment"] = examples.join("\n").into();
    }
    schema
}

fn status(status: Status) -> &'static str {
    match status {
        Status::Stable => "",
        Status::Beta => "Beta.",
        Status::Experimental => "Experimental.",
        Status::Deprecated => "Deprecated.",
    }
}

/// A field with all that helps to fill it.
fn field(spec: &FieldSpec) -> Json {
    let mut schema = match spec.kind {
        FieldKind::Scalar => single(spec),
        FieldKind::Array => json!({"type": "array", "items": single(spec)}),
        FieldKind::Map => json!({"type": "object", "additionalProperties": single(spec)}),
    };
    // `null` is the same as leaving it out.
    if !spec.is_required() {
        schema = with_null(schema);
    }
    // What stands beside a reference is not looked at.
    if schema.get("$ref").is_some() {
        schema = json!({"allOf": [schema]});
    }
    if !spec.docs.is_empty() {
        schema["description"] = spec.docs.clone().into();
    }
    if let Some(default) = &spec.default {
        schema["default"] = default.clone();
    }
    if !spec.examples.is_empty() {
        schema["examples"] = spec.examples.clone().into();
    }
    if spec.deprecated {
        schema["deprecated"] = true.into();
    }
    schema
}

fn with_null(mut schema: Json) -> Json {
    if schema == json!({}) {
        return schema;
    }
    match schema.get_mut("type") {
        Some(Json::Array(types)) => types.push("null".into()),
        Some(name) => *name = json!([name.take(), "null"]),
        None => return json!({"anyOf": [schema, {"type": "null"}]}),
    }
    schema
}

/// One value. A text may hold variables; what is read from a text may be quoted.
fn single(spec: &FieldSpec) -> Json {
    if let Some(kind) = spec.field_type.component() {
        return reference(kind);
    }
    match spec.field_type {
        FieldType::String if spec.mapping.is_some() => reference_to("mapping"),
        FieldType::String if !spec.options.is_empty() => {
            json!({"anyOf": [{"enum": spec.options}, {"type": "string", "pattern": r"\$\{"}]})
        }
        FieldType::String => json!({"type": ["string", "number", "boolean"]}),
        FieldType::Int => {
            let number = r"^[-+]?(0[xob])?[0-9A-Fa-f_]+(\.0*)?([eE]\+?[0-9]+)?$";
            json!({"type": ["integer", "string"], "pattern": format!("{number}|{VARIABLE}")})
        }
        FieldType::Float => {
            let number = r"^[-+]?(0[xob])?[0-9A-Fa-f_.]+([eE][-+]?[0-9]+)?$";
            json!({"type": ["number", "string"], "pattern": format!("{number}|{VARIABLE}")})
        }
        FieldType::Bool => {
            let words = "^([tT]rue|TRUE|[fF]alse|FALSE)$";
            json!({"type": ["boolean", "string"], "pattern": format!("{words}|{VARIABLE}")})
        }
        FieldType::Object => object(&spec.fields),
        _ => json!({}),
    }
}

fn object(fields: &[FieldSpec]) -> Json {
    let properties: Map<String, Json> = fields.iter().map(|spec| (spec.name.clone(), field(spec))).collect();
    let required: Vec<&str> =
        fields.iter().filter(|spec| spec.is_required()).map(|spec| spec.name.as_str()).collect();
    let mut schema = json!({"type": "object", "properties": properties, "additionalProperties": false});
    if !required.is_empty() {
        schema["required"] = required.into();
    }
    schema
}

/// The texts of a language, or of another one that is named.
fn mapping(catalog: &Catalog) -> Json {
    let languages = catalog.iter().filter(|entry| entry.spec.kind == Kind::Mapping);
    let names: Vec<&str> = languages.map(|entry| entry.spec.name.as_str()).collect();
    json!({"anyOf": [
        {"type": ["string", "number", "boolean"]},
        {
            "type": "object",
            "properties": {
                "language": {"description": "The language of the text.", "anyOf": [{"enum": names}, {"type": "null"}]},
                "code": {"description": "The text.", "type": ["string", "number", "boolean"]},
            },
            "required": ["code"],
            "additionalProperties": false,
        },
    ]})
}

fn limits() -> Json {
    let names = LimitsConfig::NAMES.map(|name| (name.to_owned(), json!({"type": ["string", "number"]})));
    json!({
        "description": "What an instance of this component may use, in place of the usual limits.",
        "type": ["object", "null"],
        "properties": Map::from_iter(names),
        "additionalProperties": false,
    })
}

fn reference(kind: Kind) -> Json {
    reference_to(kind.as_str())
}

fn reference_to(name: &str) -> Json {
    json!({"$ref": format!("#/definitions/{name}")})
}

#[cfg(test)]
mod tests;
