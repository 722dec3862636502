//! JSON pointers (RFC 6901): places in a tree of YAML.

use crate::yaml::{Key, Node, Value};

/// The way from the root of a tree to a place in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Pointer(Vec<String>);

impl Pointer {
    /// `None` for a text that is no pointer: one that does not begin with `/`.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        if text.is_empty() {
            return Some(Self(Vec::new()));
        }
        let rest = text.strip_prefix('/')?;
        Some(Self(rest.split('/').map(|segment| segment.replace("~1", "/").replace("~0", "~")).collect()))
    }

    /// The same way with dots, as components say where they are.
    pub(crate) fn dotted(&self) -> String {
        self.0.join(".")
    }

    /// What stands there.
    ///
    /// # Errors
    /// The segment at which there is nothing to go on with, and why.
    pub(crate) fn find<'n>(&self, root: &'n Node) -> Result<&'n Node, String> {
        let mut node = root;
        for (depth, segment) in self.0.iter().enumerate() {
            node = match &node.value {
                Value::Sequence(items) => self.index(depth, items.len()).map(|index| &items[index])?,
                _ => node.get(segment).ok_or_else(|| self.missing(depth, "key not found in mapping"))?,
            };
        }
        Ok(node)
    }

    /// Puts a node there: in place of what was there, as a new entry of a mapping, or (`-`) behind a sequence. A
    /// sequence that is replaced by something else keeps it as its only item.
    ///
    /// # Errors
    /// As [`Pointer::find`].
    pub(crate) fn set(&self, root: &mut Node, mut new: Node) -> Result<(), String> {
        let mut node = root;
        for (depth, segment) in self.0.iter().enumerate() {
            if segment == "-"
                && let Value::Sequence(items) = &mut node.value
            {
                items.push(Node::missing(new.span));
            }
            let span = node.span;
            node = match &mut node.value {
                Value::Sequence(items) => {
                    let index =
                        if segment == "-" { items.len() - 1 } else { self.index(depth, items.len())? };
                    &mut items[index]
                }
                Value::Mapping(entries) => {
                    let at = entries.iter().position(|(key, _)| key.text == *segment).unwrap_or_else(|| {
                        entries.push((Key { text: segment.clone(), span }, Node::missing(span)));
                        entries.len() - 1
                    });
                    &mut entries[at].1
                }
                _ => return Err(self.missing(depth, "there is nothing below")),
            };
        }
        if matches!(node.value, Value::Sequence(_)) && !matches!(new.value, Value::Sequence(_)) {
            let item = std::mem::replace(&mut new, Node::missing(node.span));
            new.value = Value::Sequence(vec![item]);
        }
        *node = new;
        Ok(())
    }

    fn index(&self, depth: usize, length: usize) -> Result<usize, String> {
        match self.0[depth].parse::<usize>() {
            Ok(index) if index < length => Ok(index),
            Ok(_) => Err(self.missing(depth, "target index greater than array length")),
            Err(_) => Err(self.missing(depth, "failed to parse path segment as array index")),
        }
    }

    fn missing(&self, depth: usize, why: &str) -> String {
        format!("{}: {why}", self.0[..=depth].join("."))
    }
}

impl Node {
    /// Nothing, where something is about to be put.
    fn missing(at: crate::position::Span) -> Self {
        Self::from_json(&serde_json::Value::Null, at)
    }
}

/// The first component with this label, in the order of the file. Components are told from other mappings by what
/// they hold beside the label; `tests` and what is in them are none.
pub(crate) fn labelled(root: &Node, label: &str) -> Option<Pointer> {
    let Value::Mapping(entries) = &root.value else { return None };
    entries.iter().filter(|(key, _)| key.text != "tests").find_map(|(key, value)| {
        let mut way = vec![key.text.clone()];
        search(value, label, &mut way).then_some(Pointer(way))
    })
}

fn search(node: &Node, label: &str, way: &mut Vec<String>) -> bool {
    let mut below = |segment: String, child: &Node| {
        way.push(segment);
        let is_found = search(child, label, way);
        if !is_found {
            way.pop();
        }
        is_found
    };
    match &node.value {
        Value::Mapping(entries) => {
            let is_it = entries.len() > 1
                && node.get("label").is_some_and(|found| found.is_scalar() && found.text == label);
            is_it || entries.iter().any(|(key, value)| below(key.text.clone(), value))
        }
        Value::Sequence(items) => {
            items.iter().enumerate().any(|(index, item)| below(index.to_string(), item))
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::position::{Position, Span};
    use crate::yaml;

    fn tree(text: &str) -> Node {
        yaml::parse(text).root.unwrap()
    }

    fn set(text: &str, pointer: &str, value: &serde_json::Value) -> Result<serde_json::Value, String> {
        let mut root = tree(text);
        let new = Node::from_json(value, Span::empty(Position::START));
        Pointer::parse(pointer).unwrap().set(&mut root, new)?;
        Ok(root.to_json().unwrap())
    }

    #[test]
    fn escaped_segments_are_read() {
        let root = tree("a/b: {m~n: [x, y]}");
        assert_eq!(Pointer::parse("/a~1b/m~0n/1").unwrap().find(&root).unwrap().text, "y");
        assert_eq!(Pointer::parse("no/pointer"), None);
    }

    #[test]
    fn a_way_that_ends_says_where() {
        let root = tree("a: [x]");
        let error = |text: &str| Pointer::parse(text).unwrap().find(&root).unwrap_err();
        assert_eq!(error("/a/1"), "a.1: target index greater than array length");
        assert_eq!(error("/a/x"), "a.x: failed to parse path segment as array index");
        assert_eq!(error("/b/c"), "b: key not found in mapping");
    }

    #[test]
    fn values_are_replaced_added_and_appended() {
        assert_eq!(set("a: {b: 1}", "/a/b", &json!(2)), Ok(json!({"a": {"b": 2}})));
        assert_eq!(set("a: {b: 1}", "/a/c", &json!(2)), Ok(json!({"a": {"b": 1, "c": 2}})));
        assert_eq!(set("a: [1]", "/a/-", &json!(2)), Ok(json!({"a": [1, 2]})));
        assert_eq!(set("a: [1, 2]", "/a", &json!({"x": 1})), Ok(json!({"a": [{"x": 1}]})));
        assert!(set("a: 1", "/a/b", &json!(2)).is_err());
    }

    #[test]
    fn labels_are_found_in_components_and_not_in_tests() {
        let text = "tests:\n  - {label: x, name: y}\npipeline:\n  processors:\n    - log: {fields: {label: x}}\n    - label: x\n      mapping: root = 1\n";
        assert_eq!(labelled(&tree(text), "x").unwrap().dotted(), "pipeline.processors.1");
        assert_eq!(labelled(&tree(text), "z"), None);
    }
}
