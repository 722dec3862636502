//! From the text of a template to what it states.

use std::sync::Arc;

use serde_json::{Value as Json, json};

use super::{Template, TemplateMapping, Test};
use crate::catalog::Catalog;
use crate::component::{ComponentConfig, Fields};
use crate::lint::{Examiner, Finding, LintOptions, Problem, Severity};
use crate::source::Source;
use crate::spec::{
    ComponentName, ComponentSpec, Description, FieldKind, FieldSpec, FieldType, Kind, Plugin, Status,
};
use crate::yaml::{self, Node, Value};

/// Whose the components of templates are.
pub(crate) const PLUGIN: &str = "template";
const KINDS: [&str; 5] = ["cache", "input", "output", "processor", "rate_limit"];
const STATUSES: [&str; 3] = ["stable", "beta", "experimental"];
const TYPES: [&str; 5] = ["string", "int", "float", "bool", "unknown"];
const SHAPES: [&str; 3] = ["scalar", "map", "list"];

impl Template {
    /// Reads a template; there is one unless a problem is fatal. Variables are not replaced. The catalog has the
    /// languages of mappings.
    pub fn read(path: &str, text: &str, catalog: &Catalog) -> (Option<Self>, Vec<Problem>) {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let source = Arc::new(Source::new(text.to_owned(), text.to_owned(), Vec::new()));
        let parsed = yaml::parse_text(source.expanded());
        let mut problems: Vec<Problem> = parsed
            .errors
            .into_iter()
            .map(|error| Problem::fatal(path, error.position, error.message))
            .collect();
        let mut template = None;
        if let Some(root) = &parsed.root {
            let mut examiner = Examiner::new(catalog, LintOptions::default(), Arc::clone(&source));
            template = examine(&mut examiner, path, root);
            for Finding { at, message, severity } in examiner.into_findings() {
                let problem = Problem::fatal(path, at, message);
                problems.push(Problem { severity, ..problem });
            }
        }
        problems.sort_by_key(|problem| (problem.line, problem.column));
        let is_fatal = problems.iter().any(|problem| problem.severity == Severity::Fatal);
        (template.filter(|_| !is_fatal), problems)
    }
}

fn examine(examiner: &mut Examiner<'_>, path: &str, root: &Node) -> Option<Template> {
    let spec = specification();
    let mut fields = Fields::new(examiner, None, String::new());
    let config = fields.whole(Some(root), &spec, root.span);
    let (texts, ..) = fields.finish();
    let component = component(examiner, root, &config)?;
    let mapping = mapping(config.get("mapping")?)?;
    let metrics_mapping = config.get("metrics_mapping").and_then(self::mapping);
    let metrics_mapping = metrics_mapping.filter(|mapping| !mapping.code.is_empty());
    let source = Arc::clone(&examiner.source);
    let texts = ComponentConfig::of_texts((component.kind, component.name.clone()), config, texts, source);
    let (path, tests) = (path.to_owned(), tests(root));
    Some(Template { path, spec: component, mapping, metrics_mapping, texts, tests })
}

/// The mapping that a field has: a text, or an object that says the language too.
fn mapping(field: &Json) -> Option<TemplateMapping> {
    let text_of = |name: &str| field.get(name).and_then(Json::as_str);
    let language = text_of("language").unwrap_or("bloblang").to_owned();
    let code = field.as_str().or_else(|| text_of("code"))?.to_owned();
    Some(TemplateMapping { language, code })
}

/// The component that a template states.
fn component(examiner: &mut Examiner<'_>, root: &Node, config: &Json) -> Option<ComponentSpec> {
    let text = |name: &str| config.get(name).and_then(Json::as_str).unwrap_or_default();
    let at = |name: &str| root.get(name).map_or(root.span.start, |node| node.span.start);
    let name = text("name")
        .parse::<ComponentName>()
        .map_err(|error| examiner.fatal(at("name"), format!("{error}")))
        .ok();
    let kind: Option<Kind> = serde_json::from_value(json!(text("type"))).ok();
    let kind = kind.filter(|_| KINDS.contains(&text("type")));
    if kind.is_none() {
        examiner.fatal(at("type"), format!("a template is one of {}", KINDS.join(", ")));
    }
    let status: Status = serde_json::from_value(json!(text("status"))).unwrap_or_default();
    let mut fields = Vec::new();
    let items = config.get("fields").and_then(Json::as_array).map_or(&[][..], Vec::as_slice);
    for (index, item) in items.iter().enumerate() {
        match field(item) {
            Ok(field) => fields.push(field),
            Err(reason) => {
                let place = root.get("fields").and_then(|list| match &list.value {
                    Value::Sequence(nodes) => nodes.get(index),
                    _ => None,
                });
                let place = place.map_or(root.span.start, |node| node.span.start);
                examiner.fatal(place, format!("field {index}: {reason}"));
            }
        }
    }
    let spec = ComponentSpec {
        kind: kind?,
        name: name?,
        status,
        summary: text("summary").to_owned(),
        description: text("description").to_owned(),
        rereads: false,
        responds: false,
        lanes: Vec::new(),
        incremental: false,
        pieces: false,
        streams: false,
        config: FieldSpec::new("", FieldType::Object).with_fields(fields),
        examples: Vec::new(),
        functions: Vec::new(),
        methods: Vec::new(),
    };
    let plugin = Plugin { name: PLUGIN.parse().ok()?, version: String::new(), summary: String::new() };
    match Description::new(plugin, vec![spec.clone()]) {
        Ok(_) => Some(spec),
        Err(error) => {
            examiner.fatal(at("fields"), error.to_string());
            None
        }
    }
}

fn field(item: &Json) -> Result<FieldSpec, String> {
    let text = |name: &str| item.get(name).and_then(Json::as_str).unwrap_or_default();
    let field_type = match text("type") {
        "string" => FieldType::String,
        "int" => FieldType::Int,
        "float" => FieldType::Float,
        "bool" => FieldType::Bool,
        "unknown" => FieldType::Unknown,
        "" => return Err("missing type field".to_owned()),
        other => return Err(format!("unrecognised type: {other}")),
    };
    let kind = match text("kind") {
        "scalar" => FieldKind::Scalar,
        "map" => FieldKind::Map,
        "list" => FieldKind::Array,
        other => return Err(format!("unrecognised scalar type: {other}")),
    };
    let mut field = FieldSpec::new(text("name"), field_type).of_kind(kind).with_docs(text("description"));
    field.advanced = item.get("advanced").and_then(Json::as_bool).unwrap_or_default();
    field.default = item.get("default").filter(|value| !value.is_null()).cloned();
    Ok(field)
}

fn tests(root: &Node) -> Vec<Test> {
    let Some(Value::Sequence(items)) = root.get("tests").map(|tests| &tests.value) else { return Vec::new() };
    let test = |item: &Node| {
        let name = item.get("name").map_or_else(String::new, |name| name.text.clone());
        let expected =
            item.get("expected").filter(|node| !node.is_null()).and_then(|node| node.to_json().ok());
        let config = item.get("config").cloned().unwrap_or_else(|| Node::from_json(&json!({}), item.span));
        Test { name, config, expected }
    };
    items.iter().map(test).collect()
}

/// The fields of a template's file.
fn specification() -> FieldSpec {
    let text = |name: &str| FieldSpec::new(name, FieldType::String);
    let fields = vec![
        text("name"),
        text("description").with_default(""),
        text("type").with_options(&TYPES).optional(),
        text("kind").with_options(&SHAPES).with_default("scalar"),
        FieldSpec::new("default", FieldType::Unknown).optional(),
        FieldSpec::new("advanced", FieldType::Bool).with_default(false),
    ];
    let tests = vec![
        text("name").with_default(""),
        FieldSpec::new("config", FieldType::Unknown).with_default(json!({})),
        FieldSpec::new("expected", FieldType::Unknown).optional(),
    ];
    FieldSpec::new("", FieldType::Object).with_fields(vec![
        text("name"),
        text("type").with_options(&KINDS),
        text("status").with_options(&STATUSES).with_default("stable"),
        text("categories").of_kind(FieldKind::Array).with_default(json!([])),
        text("summary").with_default(""),
        text("description").with_default(""),
        FieldSpec::new("fields", FieldType::Object)
            .of_kind(FieldKind::Array)
            .with_fields(fields)
            .with_default(json!([])),
        text("mapping").in_language("bloblang"),
        text("metrics_mapping").in_language("bloblang").with_default(""),
        FieldSpec::new("tests", FieldType::Object)
            .of_kind(FieldKind::Array)
            .with_fields(tests)
            .with_default(json!([])),
    ])
}
