//! Reading nodes of YAML, with every fault kept with its place.

use forebay_pipeline_config::Position;
use forebay_pipeline_config::yaml::{Key, Node, Value};

/// Collects what is wrong with a file.
pub(super) struct Reader<'a> {
    pub(super) path: &'a str,
    pub(super) problems: Vec<String>,
}

impl Reader<'_> {
    pub(super) fn problem(&mut self, at: Position, message: impl std::fmt::Display) {
        self.problems.push(format!("{}({},{}) {message}", self.path, at.line, at.column));
    }

    fn wrong<T>(&mut self, node: &Node, expected: &str) -> Option<T> {
        self.problem(node.span.start, format!("expected {expected}, got {}", node.type_name()));
        None
    }

    pub(super) fn entries<'n>(&mut self, node: &'n Node) -> Option<&'n [(Key, Node)]> {
        match &node.value {
            Value::Mapping(entries) => Some(entries),
            _ => self.wrong(node, "a mapping"),
        }
    }

    pub(super) fn items<'n>(&mut self, node: &'n Node) -> Option<&'n [Node]> {
        match &node.value {
            Value::Sequence(items) => Some(items),
            _ => self.wrong(node, "a list"),
        }
    }

    pub(super) fn text(&mut self, node: &Node) -> Option<String> {
        if node.is_scalar() && !node.is_null() {
            return Some(node.text.clone());
        }
        self.wrong(node, "a text")
    }

    pub(super) fn number(&mut self, node: &Node) -> Option<u32> {
        match &node.value {
            Value::Int(number) if u32::try_from(*number).is_ok() => u32::try_from(*number).ok(),
            _ => self.wrong(node, "a number from 0"),
        }
    }

    pub(super) fn boolean(&mut self, node: &Node) -> Option<bool> {
        match &node.value {
            Value::Bool(value) => Some(*value),
            _ => self.wrong(node, "true or false"),
        }
    }

    /// The texts of a mapping.
    pub(super) fn texts(&mut self, node: &Node) -> Vec<(String, String)> {
        let entries = self.entries(node).unwrap_or_default();
        entries.iter().filter_map(|(key, value)| Some((key.text.clone(), self.text(value)?))).collect()
    }

    /// Names the keys of a mapping that are none of these.
    pub(super) fn only(&mut self, node: &Node, known: &[&str]) {
        for (key, _) in self.entries(node).unwrap_or_default() {
            if !known.contains(&key.text.as_str()) {
                let known = known.join(", ");
                self.problem(key.span.start, format!("unknown field `{}`; there are: {known}", key.text));
            }
        }
    }
}
