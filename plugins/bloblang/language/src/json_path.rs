//! JSONPath with the expressions of the library that Bento uses (PaesslerAG's jsonpath and gval).
//!
//! A path that can lead to one value only gives that value, or an error when it is not there. A path with a wildcard, a
//! range, a filter, a list of keys or a descent gives an array of whatever it finds.
//!
//! Numbers of documents are text there, and so they are here: `$.price > 10` compares text. Numbers that the mapping
//! calculated are numbers.
//!
//! Keys of objects are visited in their order; in Bento that order is random.

mod evaluate;
mod lexer;
mod operators;
mod parser;
mod path;

use crate::regex::Regex;
use crate::value::Value;

/// A compiled expression.
#[derive(Debug)]
pub(crate) struct JsonPath(Node);

/// A part of an expression.
#[derive(Debug)]
enum Node {
    Literal(Value),
    /// A path from the document, or from the current element.
    Path {
        from_current: bool,
        selectors: Vec<Selector>,
    },
    /// A field of the document by names.
    Field(Vec<Self>),
    Array(Vec<Self>),
    Object(Vec<(Self, Self)>),
    Prefix(char, Box<Self>),
    Operate(&'static str, Box<Self>, Box<Self>),
    /// Whether text has a match, or none.
    Match {
        text: Box<Self>,
        pattern: Pattern,
        wanted: bool,
    },
    Choose(Box<[Self; 3]>),
    /// A time out of text.
    Date(Vec<Self>),
    /// A call of what is no function.
    Call(String, Box<Self>),
}

#[derive(Debug)]
enum Pattern {
    Known(Box<Regex>),
    Asked(Box<Node>),
}

/// One step of a path.
#[derive(Debug)]
enum Selector {
    Key(Node),
    Script(Node),
    Star,
    Descend,
    Keys(Vec<Node>),
    Range(Box<[Node; 3]>),
    Filter(Node),
}

impl Selector {
    /// Whether the step can lead to more than one value.
    fn is_ambiguous(&self) -> bool {
        !matches!(self, Self::Key(_) | Self::Script(_))
    }
}

impl JsonPath {
    /// # Errors
    /// What is wrong with the expression.
    pub(crate) fn compile(expression: &str) -> Result<Self, String> {
        parser::parse(expression).map(Self)
    }

    /// # Errors
    /// Why it leads nowhere, or took too long.
    pub(crate) fn find(&self, document: &Value) -> Result<Value, String> {
        evaluate::Search::new(document).value(&self.0)
    }
}

#[cfg(test)]
mod tests;
