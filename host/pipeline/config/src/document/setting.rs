//! `--set path=value`: one field of the configuration from the command line.

use crate::position::{Position, Span};
use crate::yaml::{Key, Node, Style, Value, resolve_text};

/// What an expression says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Setting<'t> {
    /// As it is written, with dots.
    pub(super) path: &'t str,
    value: &'t str,
}

impl<'t> Setting<'t> {
    /// # Errors
    /// What the expression should have been.
    pub(super) fn parse(text: &'t str) -> Result<Self, String> {
        match text.split_once('=') {
            Some((path, value)) if !path.is_empty() && !value.is_empty() => Ok(Self { path, value }),
            _ => Err(format!("invalid set expression '{text}': expected foo=bar syntax")),
        }
    }

    /// Puts the value in its place; `before` is the number of lines before this text.
    ///
    /// What is missing on the way is made: lists where a segment is `-`, mappings elsewhere. In a list `-` is a new
    /// item, a number one that is there.
    ///
    /// # Errors
    /// Where there is no way, and why.
    pub(super) fn apply(&self, root: &mut Node, before: usize) -> Result<(), String> {
        let start = Position { line: before + 1, column: self.path.chars().count() + 2 };
        let end = Position { column: start.column + self.value.chars().count(), ..start };
        let span = Span { start, end };
        let segments: Vec<String> = self.path.split('.').map(unescaped).collect();
        let mut node = root;
        for (depth, segment) in segments.iter().enumerate() {
            let at = |why: &str| {
                let way = segments[..=depth].join(".");
                format!("failed to set config field override: {way}: {why}")
            };
            if node.is_scalar() {
                let is_list = segment == "-";
                node.value = if is_list { Value::Sequence(Vec::new()) } else { Value::Mapping(Vec::new()) };
                (node.span, node.style) = (span, Style::Block);
                node.text.clear();
            }
            node = match &mut node.value {
                Value::Sequence(items) => {
                    if segment == "-" {
                        items.push(nothing(span));
                    }
                    let index = match segment.as_str() {
                        "-" => items.len() - 1,
                        number => {
                            number.parse().map_err(|_| at("failed to parse path segment as array index"))?
                        }
                    };
                    items.get_mut(index).ok_or_else(|| at("target index greater than array length"))?
                }
                Value::Mapping(entries) => {
                    let found = entries.iter().position(|(key, _)| key.text == *segment);
                    let index = found.unwrap_or_else(|| {
                        let key = Position { column: 1, ..start };
                        let key = Span { start: key, end: key };
                        entries.push((Key { text: segment.clone(), span: key }, nothing(span)));
                        entries.len() - 1
                    });
                    &mut entries[index].1
                }
                _ => return Err(at("there is nothing below")),
            };
        }
        *node = Node {
            value: resolve_text(self.value),
            span,
            style: Style::Plain,
            text: self.value.to_owned(),
            text_start: start,
        };
        Ok(())
    }
}

/// A segment whose dots are written as `~1`, and its tildes as `~0`.
fn unescaped(segment: &str) -> String {
    segment.replace("~1", ".").replace("~0", "~")
}

fn nothing(at: Span) -> Node {
    Node::from_json(&serde_json::Value::Null, at)
}
