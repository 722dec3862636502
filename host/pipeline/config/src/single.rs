//! Components whose text stands by itself, not in a configuration: what is sent to a pipeline that runs.

use std::sync::Arc;

use serde_json::{Map, Value as Json, json};

use crate::catalog::Catalog;
use crate::component::{self, ComponentConfig};
use crate::lint::{Examiner, Finding, LintOptions, Problem, Severity};
use crate::position::{Position, Span};
use crate::render::component as normal_component;
use crate::source::Source;
use crate::spec::Kind;
use crate::yaml::{self, Node};

/// Reads a component. Lints are passed over, and variables are not replaced. `file` is the name of the text, `path` the
/// place in the configuration that the component is to have.
///
/// # Errors
/// Everything for which it can't be read, in the order of the text; never empty.
pub fn read_component(
    kind: Kind,
    file: &str,
    text: &str,
    path: &str,
    catalog: &Catalog,
) -> Result<ComponentConfig, Vec<Problem>> {
    let source = Source::new(text.to_owned(), text.to_owned(), Vec::new());
    let parsed = yaml::parse_text(source.expanded());
    let mut problems: Vec<Problem> =
        parsed.errors.into_iter().map(|error| Problem::fatal(file, error.position, error.message)).collect();
    let mut examiner = Examiner::new(catalog, LintOptions::default(), Arc::new(source));
    let component = parsed.root.and_then(|root| component::examine(&mut examiner, kind, &root, path));
    for Finding { at, message, severity } in examiner.into_findings() {
        if severity == Severity::Fatal {
            problems.push(Problem::fatal(file, at, message));
        }
    }
    match component {
        Some(component) if problems.is_empty() => Ok(component),
        _ => {
            if problems.is_empty() {
                problems.push(Problem::fatal(
                    file,
                    Position::START,
                    format!("expected {kind} configuration"),
                ));
            }
            problems.sort_by_key(|problem| (problem.line, problem.column));
            Err(problems)
        }
    }
}

/// A component as YAML, as it is written but without `type` and secrets.
#[must_use]
pub fn component_text(component: &ComponentConfig, catalog: &Catalog) -> String {
    let written = Node::from_json(&written(component), Span::empty(Position::START));
    normal_component(&written, component.kind, catalog).to_text().unwrap_or_default()
}

fn written(component: &ComponentConfig) -> Json {
    let mut all = Map::new();
    if let Some(label) = &component.label {
        all.insert("label".to_owned(), json!(label.as_str()));
    }
    let name = match &component.pin {
        Some(pin) => format!("{}@{pin}", component.name),
        None => component.name.to_string(),
    };
    all.insert(name, component.written.clone());
    if !component.processors.is_empty() {
        all.insert("processors".to_owned(), component.processors.iter().map(written).collect());
    }
    Json::Object(all)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::Description;

    fn catalog() -> Catalog {
        let description = json!({"contract": 1, "plugin": {"name": "test"}, "components": [
            {"kind": "processor", "name": "noop"},
            {"kind": "input", "name": "web", "config": {"type": "object", "fields": [
                {"name": "url", "type": "string"}, {"name": "key", "type": "string", "secret": true, "default": ""}]}},
        ]});
        let mut catalog = Catalog::new();
        catalog.insert(Description::from_json(&description.to_string()).unwrap()).unwrap();
        catalog
    }

    #[test]
    fn a_component_is_read_by_itself_and_shown_without_secrets() {
        let text = "label: a\ntype: web\nweb: {url: x, key: hidden, more: 1}\nprocessors: [noop: {}]\n";
        let read = read_component(Kind::Input, "sent", text, "input.dynamic.inputs.a", &catalog()).unwrap();
        assert_eq!(
            (read.path.as_str(), &read.config),
            ("input.dynamic.inputs.a", &json!({"url": "x", "key": "hidden"}))
        );
        let shown = component_text(&read, &catalog());
        let expected =
            "label: a\nweb:\n  url: x\n  key: '!!!SECRET_SCRUBBED!!!'\n  more: 1\nprocessors:\n- noop: {}\n";
        assert_eq!(shown, expected);
    }

    #[test]
    fn what_can_not_be_read_says_where() {
        let problems = |text: &str| {
            let read = read_component(Kind::Input, "sent", text, "input", &catalog()).unwrap_err();
            read.iter().map(ToString::to_string).collect::<Vec<_>>()
        };
        assert_eq!(problems("wep: {}"), ["sent(1,1) input `wep` not recognised, did you mean `web`?"]);
        assert_eq!(problems("web: {}"), ["sent(1,1) field url is required"]);
        assert_eq!(
            problems("web: ["),
            ["sent(1,7) invalid YAML: while parsing a node, did not find expected node content"]
        );
        assert!(!problems("").is_empty());
    }
}
