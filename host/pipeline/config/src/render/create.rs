//! A configuration to start from, for components by their names: every field with its default.

use serde_json::{Value as Json, json};

use crate::catalog::Catalog;
use crate::pipeline;
use crate::render::Detail;
use crate::render::example::{key, value};
use crate::spec::{ComponentSpec, FieldKind, FieldSpec, FieldType, Kind};
use crate::suggest;

/// Why there is no configuration for an expression.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CreateError {
    #[error("more component separators than expected: it takes inputs/processors/outputs")]
    Separators,
    #[error("unrecognised {kind} type '{name}'{}", hint(near.as_deref()))]
    Unknown { kind: Kind, name: String, near: Option<String> },
    #[error("several {kind}s need the {kind} `broker` around them, and there is none")]
    NoBroker { kind: Kind },
}

/// A configuration for `inputs/processors/outputs`, each a list with commas that may be empty.
///
/// # Errors
/// When the expression has other parts or names what is not there.
pub fn create(catalog: &Catalog, expression: &str, detail: Detail) -> Result<String, CreateError> {
    let mut parts = [Vec::new(), Vec::new(), Vec::new()];
    let kinds = [Kind::Input, Kind::Processor, Kind::Output];
    for (index, part) in expression.split('/').enumerate() {
        for name in part.split(',').map(str::trim).filter(|name| !name.is_empty()) {
            let kind = *kinds.get(index).ok_or(CreateError::Separators)?;
            parts[index].push(component(catalog, kind, name)?);
        }
    }
    let [mut inputs, processors, mut outputs] = parts;
    if inputs.is_empty() {
        inputs.extend(catalog.get(Kind::Input, "stdin").map(|entry| &entry.spec));
    }
    if outputs.is_empty() {
        outputs.extend(catalog.get(Kind::Output, "stdout").map(|entry| &entry.spec));
    }

    let mut out = Lines { text: String::new(), detail };
    for spec in pipeline::root_fields() {
        match spec.name.as_str() {
            "input" => out.end(catalog, Kind::Input, &inputs)?,
            "output" => out.end(catalog, Kind::Output, &outputs)?,
            "pipeline" => out.pipeline(&spec, &processors),
            _ if detail == Detail::Common => {}
            _ => out.field(0, &spec),
        }
    }
    if detail == Detail::WithAdvanced {
        for (name, _) in pipeline::RESOURCES {
            out.json(Place::new(0), name, &json!([]), "");
        }
        out.json(Place::new(0), pipeline::TESTS, &json!([]), "");
    }
    Ok(out.text)
}

fn component<'c>(catalog: &'c Catalog, kind: Kind, name: &str) -> Result<&'c ComponentSpec, CreateError> {
    let near = || catalog.nearest(kind, name).map(ToOwned::to_owned);
    let unknown = || CreateError::Unknown { kind, name: name.to_owned(), near: near() };
    catalog.get(kind, name).map(|entry| &entry.spec).ok_or_else(unknown)
}

fn hint(near: Option<&str>) -> String {
    suggest::hint(near.unwrap_or_default(), near)
}

/// Where a field stands.
#[derive(Clone, Copy)]
struct Place {
    depth: usize,
    /// How deep that is on which what is inside goes on: one more for the item of a list.
    inner: usize,
    mark: &'static str,
}

impl Place {
    fn new(depth: usize) -> Self {
        Self { depth, inner: depth, mark: "" }
    }
}

struct Lines {
    text: String,
    detail: Detail,
}

impl Lines {
    fn line(&mut self, depth: usize, mark: &str, line: &str) {
        self.text.push_str(&"  ".repeat(depth));
        self.text.push_str(mark);
        self.text.push_str(line);
        self.text.push('\n');
    }

    /// The input or the output, or several in a broker.
    fn end(&mut self, catalog: &Catalog, kind: Kind, specs: &[&ComponentSpec]) -> Result<(), CreateError> {
        self.line(0, "", &format!("{kind}:"));
        if let [spec] = specs {
            self.component(1, "", spec);
            return Ok(());
        }
        let broker = component(catalog, kind, "broker").map_err(|_| CreateError::NoBroker { kind })?;
        self.line(1, "", "broker:");
        for field in &broker.config.fields {
            if field.field_type.component() == Some(kind) && field.kind == FieldKind::Array {
                self.line(2, "", &format!("{}:", key(&field.name)));
                for spec in specs {
                    self.component(4, "- ", spec);
                }
            } else if self.shows(field) {
                self.field(2, field);
            }
        }
        Ok(())
    }

    fn pipeline(&mut self, section: &FieldSpec, processors: &[&ComponentSpec]) {
        self.line(0, "", "pipeline:");
        for field in &section.fields {
            if field.field_type == FieldType::Processor && !processors.is_empty() {
                self.line(1, "", &format!("{}:", field.name));
                for spec in processors {
                    self.component(3, "- ", spec);
                }
            } else if self.shows(field) {
                self.field(1, field);
            }
        }
    }

    /// A component, as an item of a list where `mark` says so: its name is then one level less deep.
    fn component(&mut self, depth: usize, mark: &'static str, spec: &ComponentSpec) {
        let named = FieldSpec { name: spec.name.to_string(), ..spec.config.clone() };
        let outer = if mark.is_empty() { depth } else { depth - 1 };
        self.field_at(Place { depth: outer, inner: depth, mark }, &named);
    }

    fn field(&mut self, depth: usize, spec: &FieldSpec) {
        self.field_at(Place::new(depth), spec);
    }

    fn field_at(&mut self, place: Place, spec: &FieldSpec) {
        let Place { depth, inner, mark } = place;
        let fields: Vec<&FieldSpec> = spec.fields.iter().filter(|field| self.shows(field)).collect();
        let is_written_out = spec.is_plain_object() && spec.default.is_none() && !spec.optional;
        if is_written_out && !fields.is_empty() {
            self.line(depth, mark, &format!("{}:", key(&spec.name)));
            for field in fields {
                self.field(inner + 1, field);
            }
            return;
        }
        let note = match &spec.default {
            Some(_) => "",
            None if spec.optional => " # No default (optional)",
            None if spec.is_required() => " # No default (required)",
            None => "",
        };
        // What need not be there does nothing until somebody wants it.
        let is_comment = spec.default.is_none() && spec.optional;
        if is_comment {
            self.line(depth, "# ", &format!("{}: {}{note}", key(&spec.name), value(spec)));
        } else {
            self.json(place, &spec.name, &value(spec), note);
        }
    }

    fn json(&mut self, place: Place, name: &str, json: &Json, note: &str) {
        let Place { depth, inner, mark } = place;
        let name = key(name);
        match json {
            Json::Object(entries) if !entries.is_empty() => {
                self.line(depth, mark, &format!("{name}:{note}"));
                for (name, value) in entries {
                    self.json(Place::new(inner + 1), name, value, "");
                }
            }
            Json::Array(items) if !items.is_empty() => {
                self.line(depth, mark, &format!("{name}:{note}"));
                for item in items {
                    self.line(inner + 1, "- ", &plain(item));
                }
            }
            scalar => self.line(depth, mark, &format!("{name}: {}{note}", plain(scalar))),
        }
    }

    fn shows(&self, field: &FieldSpec) -> bool {
        !field.deprecated && (self.detail == Detail::WithAdvanced || !field.advanced)
    }
}

/// A value in one line: JSON, which is YAML, but for words that need no quotes.
fn plain(value: &Json) -> String {
    match value {
        Json::String(text) if is_word(text) => text.clone(),
        other => other.to_string(),
    }
}

fn is_word(text: &str) -> bool {
    let is_text = matches!(crate::yaml::resolve_text(text), crate::yaml::Value::String);
    let begins = text.starts_with(|first: char| first.is_ascii_alphanumeric() || first == '/');
    is_text && begins && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-./".contains(&byte))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::read;
    use crate::spec::Description;

    fn catalog() -> Catalog {
        let description = json!({"contract": 1, "plugin": {"name": "test"}, "components": [
            {"kind": "input", "name": "stdin"},
            {"kind": "input", "name": "file", "config": {"type": "object", "fields": [
                {"name": "paths", "type": "string", "kind": "array", "examples": [["a", "b c"]]},
                {"name": "codec", "type": "string", "optional": true},
                {"name": "buffer", "type": "int", "default": 5, "advanced": true},
                {"name": "old", "type": "int", "default": 5, "deprecated": true},
                {"name": "deep", "type": "object", "fields": [{"name": "x", "type": "string", "default": ""}]}]}},
            {"kind": "output", "name": "stdout"},
            {"kind": "output", "name": "broker", "config": {"type": "object", "fields": [
                {"name": "pattern", "type": "string", "default": "fan_out"},
                {"name": "outputs", "type": "output", "kind": "array"}]}},
            {"kind": "processor", "name": "noop"},
            {"kind": "processor", "name": "log", "config": {"type": "object", "fields": [
                {"name": "message", "type": "string", "default": "two words"}]}},
        ]});
        let mut catalog = Catalog::new();
        catalog.insert(Description::from_json(&description.to_string()).unwrap()).unwrap();
        catalog
    }

    #[test]
    fn components_stand_with_their_defaults_where_they_belong() {
        let small = create(&catalog(), "file/noop, log/stdout,stdout", Detail::Common).unwrap();
        let expected = "\
input:
  file:
    paths: # No default (required)
      - a
      - \"b c\"
    # codec: \"\" # No default (optional)
    deep:
      x: \"\"
pipeline:
  threads: -1
  processors:
    - noop: {}
    - log:
        message: \"two words\"
output:
  broker:
    pattern: fan_out
    outputs:
      - stdout: {}
      - stdout: {}
";
        assert_eq!(small, expected);
    }

    #[test]
    fn what_is_created_can_be_read() {
        for expression in ["", "file", "/noop", "file,/log/"] {
            for detail in [Detail::Common, Detail::WithAdvanced] {
                let text = create(&catalog(), expression, detail).unwrap();
                let read = read("f", &text, &BTreeMap::new(), &catalog());
                assert!(read.is_ok(), "{expression}: {read:?}\n{text}");
                assert_eq!(
                    text.contains("buffer: 5"),
                    expression.starts_with("file") && detail == Detail::WithAdvanced
                );
                assert_eq!(text.contains("logger:"), detail == Detail::WithAdvanced);
                assert!(!text.contains("old:"));
            }
        }
    }

    #[test]
    fn what_is_not_there_is_named() {
        let error = |expression| create(&catalog(), expression, Detail::Common).unwrap_err().to_string();
        assert_eq!(error("a/nop"), "unrecognised input type 'a'");
        assert_eq!(error("/nop"), "unrecognised processor type 'nop', did you mean `noop`?");
        assert_eq!(
            error("stdin/noop/stdout/x"),
            "more component separators than expected: it takes inputs/processors/outputs"
        );
        assert_eq!(
            error("stdin,file"),
            "several inputs need the input `broker` around them, and there is none"
        );
    }
}
