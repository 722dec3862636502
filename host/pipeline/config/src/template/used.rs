//! A template where a configuration uses it.

use serde_json::Value as Json;

use super::Expansion;
use crate::component::{self, ComponentConfig, Fields};
use crate::lint::Examiner;
use crate::position::Span;
use crate::spec::{ComponentSpec, Kind};
use crate::yaml::{Node, Value};

/// A component of a template, with where it is named and its settings.
pub(crate) struct Use<'n> {
    pub(crate) spec: &'n ComponentSpec,
    pub(crate) expansion: &'n Expansion,
    pub(crate) at: Span,
    pub(crate) settings: Option<&'n Node>,
}

/// Reads what a template makes of its settings, in its place. The processors of an input stand behind those that the
/// template has, those of an output before them.
pub(crate) fn examine(
    examiner: &mut Examiner<'_>,
    kind: Kind,
    node: &Node,
    path: &str,
    Use { spec, expansion, at, settings }: Use<'_>,
) -> Option<ComponentConfig> {
    if !examiner.may_expand(at.start) {
        return None;
    }
    let faults = examiner.fatal_count();
    let mut fields = Fields::new(examiner, Some(kind), String::new());
    let settings = fields.whole(settings, &spec.config, at);
    let _ = fields.finish();
    if examiner.fatal_count() > faults {
        return None;
    }
    let expanded = match expansion.0.expand(&settings) {
        Ok(expanded @ Json::Object(_)) => expanded,
        Ok(other) => {
            let message =
                format!("template {}: its mapping gives no object but {}", spec.name, shown(&other));
            examiner.fatal(at.start, message);
            return None;
        }
        Err(reason) => {
            let message = format!("template {}: mapping failed for template component: {reason}", spec.name);
            examiner.fatal(at.start, message);
            return None;
        }
    };
    let mut made = Node::from_json(&expanded, at);
    take_over(&mut made, kind, node);
    let before = examiner.findings_count();
    let outside = examiner.metric_naming.clone();
    if let Some(naming) = expansion.0.naming() {
        let label = node.get("label").map_or("", |label| label.text.as_str());
        examiner.metric_naming = outside.within(naming, label);
    }
    let component = component::examine(examiner, kind, &made, path);
    examiner.metric_naming = outside;
    examiner.prefix_since(before, at, &format!("template {}: ", spec.name));
    component
}

/// Puts what stands beside the name of a template into what it has made.
fn take_over(made: &mut Node, kind: Kind, node: &Node) {
    let Value::Mapping(entries) = &mut made.value else { return };
    for name in ["label", "limits", "shadow"] {
        if let Some(entry) = node.entry(name).filter(|(_, value)| !value.is_null()) {
            entries.retain(|(key, _)| key.text != name);
            entries.push(entry.clone());
        }
    }
    if !matches!(kind, Kind::Input | Kind::Output) {
        return;
    }
    let Some((key, own)) = node.entry("processors").filter(|(_, list)| !list.is_null()) else { return };
    let index = entries.iter().position(|(key, _)| key.text == "processors");
    let Some(of_template) = index.map(|index| &mut entries[index].1) else {
        entries.push((key.clone(), own.clone()));
        return;
    };
    if let (Value::Sequence(items), Value::Sequence(more)) = (&mut of_template.value, &own.value) {
        let place = if kind == Kind::Input { items.len() } else { 0 };
        items.splice(place..place, more.iter().cloned());
    }
}

/// A value that is no object, in short.
fn shown(value: &Json) -> String {
    let mut text = value.to_string();
    if text.len() > 60 {
        let end = (0..=60).rev().find(|end| text.is_char_boundary(*end)).unwrap_or_default();
        text.truncate(end);
        text.push_str("...");
    }
    text
}
