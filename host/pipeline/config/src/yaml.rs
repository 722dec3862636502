//! YAML as a tree in which every key and value knows where it stands.
//!
//! Reads what Go's yaml.v3 reads, as far as a configuration needs it: core schema scalars with octal, hexadecimal
//! and binary integers, anchors, aliases and merge keys (`<<`), one document. Differences are deliberate: a second
//! document is an error rather than ignored, timestamps and binary stay text, and keys of mappings are text.
//!
//! Invariants: a mapping holds no key twice; a tree is at most [`MAX_DEPTH`] deep and costs at most [`MAX_COST`]
//! (one per node, one per 64 bytes of text), aliases expanded. A text that breaks a rule in a place that
//! can be passed over still gives a tree, beside the errors.

mod json;
mod merge;
mod place;
mod read;
mod scalar;
mod write;

use crate::position::{Position, Span};

pub(crate) use read::parse_text;
pub use read::{MAX_COST, MAX_DEPTH, Parsed, parse};
pub(crate) use scalar::resolve as resolve_text;

/// A value and where it stands. An aliased value stands where its anchor is.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    pub value: Value,
    pub span: Span,
    pub style: Style,
    /// A scalar as it is written, escapes resolved; empty for collections.
    pub text: String,
    /// Where the text of a scalar begins: behind an anchor and a tag, at an opening quote, or at the first
    /// line of a block, in the column of its indentation (which an empty line does not reach).
    pub text_start: Position,
}

/// What a node holds.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    Null,
    Bool(bool),
    Int(i64),
    /// An integer too large for [`Value::Int`]. Still larger ones are floats.
    Uint(u64),
    Float(f64),
    /// The text is the node's.
    String,
    Sequence(Vec<Node>),
    Mapping(Vec<(Key, Node)>),
}

/// The key of a mapping's entry. A number or a boolean as key is the text it is written as.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    pub text: String,
    pub span: Span,
}

/// How a node is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    Plain,
    SingleQuoted,
    DoubleQuoted,
    /// `|`: lines of the text are lines of the file.
    Literal,
    /// `>`
    Folded,
    Block,
    Flow,
    /// Not written at all: a default.
    Default,
}

/// What is wrong with a text as YAML.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct YamlError {
    pub position: Position,
    pub message: String,
}

impl Node {
    /// The value of a key, if this is a mapping that has it.
    pub fn get(&self, key: &str) -> Option<&Self> {
        self.entry(key).map(|(_, value)| value)
    }

    /// The entry of a key, if this is a mapping that has it.
    pub fn entry(&self, key: &str) -> Option<&(Key, Self)> {
        let Value::Mapping(entries) = &self.value else {
            return None;
        };
        entries.iter().find(|(candidate, _)| candidate.text == key)
    }

    pub fn is_null(&self) -> bool {
        self.value == Value::Null
    }

    /// Whether this is anything but a sequence or a mapping.
    pub fn is_scalar(&self) -> bool {
        !matches!(self.value, Value::Sequence(_) | Value::Mapping(_))
    }

    /// The first line of a block scalar's text; `None` for every other node.
    pub fn block_start_line(&self) -> Option<usize> {
        matches!(self.style, Style::Literal | Style::Folded).then_some(self.text_start.line)
    }

    /// Counts all lines on from those of another file.
    pub(crate) fn behind_lines(mut self, lines: usize) -> Self {
        let position = |at: Position| Position { line: at.line + lines, ..at };
        let span = |span: Span| Span { start: position(span.start), end: position(span.end) };
        self.span = span(self.span);
        self.text_start = position(self.text_start);
        self.value = match self.value {
            Value::Sequence(items) => {
                Value::Sequence(items.into_iter().map(|item| item.behind_lines(lines)).collect())
            }
            Value::Mapping(entries) => {
                let shifted = entries
                    .into_iter()
                    .map(|(key, value)| (Key { span: span(key.span), ..key }, value.behind_lines(lines)));
                Value::Mapping(shifted.collect())
            }
            scalar => scalar,
        };
        self
    }

    /// What the value is, in a word.
    pub fn type_name(&self) -> &'static str {
        match self.value {
            Value::Null => "null",
            Value::Bool(_) => "bool",
            Value::Int(_) | Value::Uint(_) => "int",
            Value::Float(_) => "float",
            Value::String => "string",
            Value::Sequence(_) => "array",
            Value::Mapping(_) => "object",
        }
    }

    /// What the value is, as a YAML tag.
    pub fn tag(&self) -> &'static str {
        match self.value {
            Value::Null => "!!null",
            Value::Bool(_) => "!!bool",
            Value::Int(_) | Value::Uint(_) => "!!int",
            Value::Float(_) => "!!float",
            Value::String => "!!str",
            Value::Sequence(_) => "!!seq",
            Value::Mapping(_) => "!!map",
        }
    }
}

#[cfg(test)]
mod tests;
