//! The configuration of a component as YAML to start from: every field with its default, or something in its place,
//! and its documentation as comments.

use serde_json::{Value as Json, json};

use crate::spec::{ComponentSpec, FieldKind, FieldSpec, FieldType, Kind};

/// Which fields to show. Deprecated ones never are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Detail {
    Common,
    WithAdvanced,
}

/// Prints a component in the place of a configuration where one of its kind belongs.
pub fn example(spec: &ComponentSpec, detail: Detail) -> String {
    let mut out = Lines { text: String::new(), detail };
    match spec.kind {
        Kind::Input | Kind::Output => {
            out.line(0, &format!("{}:", spec.kind));
            out.field(1, spec.name.as_str(), &spec.config);
        }
        Kind::Buffer => {
            out.line(0, "buffer:");
            out.field(1, spec.name.as_str(), &spec.config);
        }
        Kind::Processor => {
            out.line(0, "pipeline:");
            out.line(1, "processors:");
            let begin = out.text.len();
            out.field(3, spec.name.as_str(), &spec.config);
            // The name of the component is the first key of a list's item, whatever comments stand before.
            let name = format!("      {}:", key(spec.name.as_str()));
            let item = out.text[begin..].replacen(&name, &format!("    - {}:", key(spec.name.as_str())), 1);
            out.text.replace_range(begin.., &item);
        }
        Kind::Mapping | Kind::Scanner | Kind::Cache | Kind::RateLimit => {
            out.field(0, spec.name.as_str(), &spec.config);
        }
    }
    out.text
}

struct Lines {
    text: String,
    detail: Detail,
}

impl Lines {
    fn line(&mut self, depth: usize, line: &str) {
        for _ in 0..depth {
            self.text.push_str("  ");
        }
        self.text.push_str(line);
        self.text.push('\n');
    }

    fn field(&mut self, depth: usize, name: &str, spec: &FieldSpec) {
        for line in spec.docs.lines().filter(|line| !line.trim().is_empty()) {
            self.line(depth, &format!("# {}", line.trim()));
        }
        if !spec.options.is_empty() {
            self.line(depth, &format!("# Options: {}.", spec.options.join(", ")));
        }
        let name = key(name);
        let shown: Vec<&FieldSpec> = spec.fields.iter().filter(|field| self.shows(field)).collect();
        let is_written_out = spec.is_plain_object() && spec.default.is_none() && !shown.is_empty();
        // An optional object stays a comment, with nothing in it: its required fields would else become required.
        if is_written_out && !spec.optional {
            self.line(depth, &format!("{name}:"));
            for field in shown {
                self.field(depth + 1, &field.name, field);
            }
            return;
        }
        let mark = if spec.optional && spec.default.is_none() { "# " } else { "" };
        let note = if spec.is_required() && !spec.is_plain_object() { " # Required." } else { "" };
        self.line(depth, &format!("{mark}{name}: {}{note}", value(spec)));
    }

    fn shows(&self, field: &FieldSpec) -> bool {
        !field.deprecated && (self.detail == Detail::WithAdvanced || !field.advanced || field.is_required())
    }
}

/// The default, the first example, or the plainest value there is. JSON, which is YAML as well.
pub(super) fn value(spec: &FieldSpec) -> Json {
    if let Some(known) = spec.default.as_ref().or_else(|| spec.examples.first()) {
        return known.clone();
    }
    match (spec.kind, spec.field_type) {
        (FieldKind::Array, _) => json!([]),
        (FieldKind::Map, _) => json!({}),
        (FieldKind::Scalar, FieldType::String) => json!(spec.options.first().cloned().unwrap_or_default()),
        (FieldKind::Scalar, FieldType::Int | FieldType::Float) => json!(0),
        (FieldKind::Scalar, FieldType::Bool) => json!(false),
        (FieldKind::Scalar, FieldType::Unknown) => Json::Null,
        (FieldKind::Scalar, _) => json!({}),
    }
}

pub(super) fn key(name: &str) -> String {
    let plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        && name.starts_with(|first: char| first.is_ascii_alphabetic());
    if plain { name.to_owned() } else { json!(name).to_string() }
}
