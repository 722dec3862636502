//! JSONPath with the expressions of the library that Bento uses (PaesslerAG's jsonpath and gval).
//!
//! A path that can lead to one value only gives that value, or an error when it is not there. A path with a wildcard, a
//! range, a filter, a list of keys or a descent gives an array of whatever it finds.
//!
//! Keys of objects are visited in their order; in Bento that order is random. Of gval's language everything is here
//! that reads: operators, literals, fields, ternaries and comparisons. Functions are not.

mod evaluate;
mod lexer;
mod operators;
mod parser;

use crate::value::Value;

/// A compiled expression.
#[derive(Clone, Debug)]
pub(crate) struct JsonPath(Node);

/// A part of an expression.
#[derive(Clone, Debug)]
enum Node {
    Literal(Value),
    /// A path from the document, or from the current element.
    Path {
        from_current: bool,
        selectors: Vec<Selector>,
    },
    /// Fields of the document by name.
    Field(Vec<Node>),
    Array(Vec<Node>),
    Object(Vec<(Node, Node)>),
    Not(Box<Node>),
    Negate(Box<Node>),
    Operate(&'static str, Box<Node>, Box<Node>),
    Choose(Box<Node>, Box<Node>, Box<Node>),
}

/// One step of a path.
#[derive(Clone, Debug)]
enum Selector {
    Key(Box<Node>),
    Script(Box<Node>),
    Star,
    Descend,
    Keys(Vec<Node>),
    Range(Box<[Node; 3]>),
    Filter(Box<Node>),
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
