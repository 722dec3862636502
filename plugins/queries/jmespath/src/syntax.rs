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
    Call(Text, Vec<Self>),
    /// `&expression`, for functions to evaluate.
    Reference(Box<Self>),
    /// One after the other.
    Chain(Box<Self>, Box<Self>),
    /// The right for every item of a list that the left gives.
    Projection(Box<Self>, Box<Self>),
    /// The same for the values of an object.
    Values(Box<Self>, Box<Self>),
    /// The same for the items for which a condition holds.
    Filter {
        of: Box<Self>,
        each: Box<Self>,
        condition: Box<Self>,
    },
    Flatten(Box<Self>),
    List(Vec<Self>),
    Hash(Vec<(Text, Self)>),
    Or(Box<Self>, Box<Self>),
    And(Box<Self>, Box<Self>),
    Not(Box<Self>),
    Compare(Comparison, Box<Self>, Box<Self>),
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
