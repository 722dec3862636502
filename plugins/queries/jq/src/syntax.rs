//! The tree of a program.

use crate::value::Value;

/// What stands between semicolons, parentheses and the like.
#[derive(Clone, Debug)]
pub(crate) enum Query {
    /// A definition, and where it holds.
    Define(Box<Definition>, Box<Self>),
    /// Definitions without anything that uses them.
    Missing,
    Pipe(Vec<Self>),
    Comma(Vec<Self>),
    Operation(Operator, Box<Self>, Box<Self>),
    Bind(Box<Term>, Vec<Pattern>, Box<Self>),
    Label(String, Box<Self>),
    Term(Box<Term>),
}

#[derive(Clone, Debug)]
pub(crate) struct Definition {
    pub(crate) name: String,
    /// Those with a `$` are variables.
    pub(crate) parameters: Vec<String>,
    pub(crate) body: Query,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operator {
    Alternative,
    Assign,
    Modify,
    /// An arithmetic update, by the name of the function.
    Update(&'static str),
    Or,
    And,
    /// A function of both sides.
    Function(&'static str),
}

/// Something that suffixes may follow.
#[derive(Clone, Debug)]
pub(crate) struct Term {
    pub(crate) head: Head,
    pub(crate) suffixes: Vec<Suffix>,
}

#[derive(Clone, Debug)]
pub(crate) enum Head {
    Identity,
    Recurse,
    Constant(Value),
    Index(Index),
    /// A function, or a variable with its `$`.
    Call(String, Vec<Query>),
    Object(Vec<Entry>),
    Array(Option<Query>),
    Sign(&'static str, Box<Term>),
    Format(String, Option<Interpolated>),
    Text(Interpolated),
    If(Vec<(Query, Query)>, Option<Query>),
    Try(Box<Query>, Option<Box<Query>>),
    Reduce(Box<Query>, Pattern, Box<Query>, Box<Query>),
    Foreach(Box<Query>, Pattern, Box<Query>, Box<Query>, Option<Box<Query>>),
    Break(String),
    Group(Box<Query>),
}

#[derive(Clone, Debug)]
pub(crate) enum Suffix {
    Index(Index),
    Iterate,
    Optional,
}

#[derive(Clone, Debug)]
pub(crate) enum Index {
    Name(String),
    Text(Interpolated),
    Query(Box<Query>),
    Slice(Option<Box<Query>>, Option<Box<Query>>),
}

/// A string with queries in it.
#[derive(Clone, Debug)]
pub(crate) struct Interpolated(pub(crate) Vec<Piece>);

#[derive(Clone, Debug)]
pub(crate) enum Piece {
    Text(String),
    Query(Query),
}

impl Interpolated {
    /// The text, where there are no queries.
    pub(crate) fn plain(&self) -> Option<&str> {
        match self.0.as_slice() {
            [] => Some(""),
            [Piece::Text(text)] => Some(text),
            _ => None,
        }
    }
}

#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) key: Key,
    pub(crate) value: Option<Query>,
}

#[derive(Clone, Debug)]
pub(crate) enum Key {
    /// A name, or a variable with its `$`.
    Name(String),
    Text(Interpolated),
    Query(Query),
}

/// What a value is taken apart by.
#[derive(Clone, Debug)]
pub(crate) enum Pattern {
    Variable(String),
    Array(Vec<Self>),
    Object(Vec<(Key, Option<Self>)>),
}

/// A whole program.
#[derive(Debug)]
pub(crate) struct Program {
    /// The paths of what it would import.
    pub(crate) imports: Vec<String>,
    pub(crate) query: Query,
}
