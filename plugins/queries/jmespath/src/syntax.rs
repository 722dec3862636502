//! The tree of an expression.

use forebay_bloblang::{Text, Value};

#[derive(Clone, Debug)]
pub(crate) enum Node {
    /// What a mistake in an index leaves, which is noticed when it runs.
    Empty,
    /// The value itself: `@`, or nothing.
    Identity,
    Literal(Value),
    Field(Text),
    Index(i64),
    Slice([Option<i64>; 3]),
    Call(Text, Vec<Node>),
    /// `&expression`, for functions to evaluate.
    Reference(Box<Node>),
    /// One after the other.
    Chain(Box<Node>, Box<Node>),
    /// The right for every item of a list that the left gives.
    Projection(Box<Node>, Box<Node>),
    /// The same for the values of an object.
    Values(Box<Node>, Box<Node>),
    /// The same for the items for which a condition holds.
    Filter {
        of: Box<Node>,
        each: Box<Node>,
        condition: Box<Node>,
    },
    Flatten(Box<Node>),
    List(Vec<Node>),
    Hash(Vec<(Text, Node)>),
    Or(Box<Node>, Box<Node>),
    And(Box<Node>, Box<Node>),
    Not(Box<Node>),
    Compare(Comparison, Box<Node>, Box<Node>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Comparison {
    Equal,
    Different,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// What a function is given.
#[derive(Clone, Debug)]
pub(crate) enum Operand<'n> {
    Value(Value),
    Expression(&'n Node),
}
