//! From source text to a tree.
//!
//! A recursive descent over the statements and a Pratt parser over the operators. Nesting is limited by
//! `limits::SOURCE_DEPTH`, so that no source can exhaust the stack. Messages and positions are Bento's wherever
//! its tests pin them.

mod arguments;
mod atom;
mod control;
mod literal;
mod mapping;
mod query;
mod statement;
mod tail;
mod text;

use crate::lexer::Lexer;
use crate::limits::SOURCE_DEPTH;
use crate::parse_error::Fault;
use crate::syntax::{Node, Source};

pub(crate) use text::Piece;

pub(crate) type Parsed<T> = Result<T, Fault>;

/// A parser at a position of a source.
#[derive(Debug)]
pub(crate) struct Parser<'s> {
    lexer: Lexer<'s>,
    depth: u16,
    /// The names that the lambdas around the current position have given.
    names: Vec<&'s str>,
}

impl<'s> Parser<'s> {
    fn new(source: &'s str) -> Self {
        Self { lexer: Lexer::new(source), depth: 0, names: Vec::new() }
    }

    /// Runs `parse` one level deeper.
    fn nested<T>(&mut self, parse: impl FnOnce(&mut Self) -> Parsed<T>) -> Parsed<T> {
        if self.depth >= SOURCE_DEPTH {
            return Err(Fault::new(self.lexer.at(), format!("nested more than {SOURCE_DEPTH} levels deep")));
        }
        self.depth += 1;
        let result = parse(self);
        self.depth -= 1;
        result
    }

    fn fault<T>(&self, message: impl Into<String>) -> Parsed<T> {
        Err(Fault::new(self.lexer.at(), message))
    }

    fn require(&mut self, symbol: &str, what: &str) -> Parsed<()> {
        if self.lexer.take(symbol) { Ok(()) } else { self.fault(format!("required: expected {what}")) }
    }

    /// Spaces, which must be there.
    fn require_spaces(&mut self) -> Parsed<()> {
        if self.lexer.spaces() { Ok(()) } else { self.fault("expected whitespace") }
    }
}

/// Parses a mapping: statements, or one query that stands for `root = query`.
pub(crate) fn mapping(source: &str) -> Parsed<Source> {
    mapping::mapping(source)
}

/// Parses a source that is one query.
pub(crate) fn query(source: &str) -> Parsed<Node> {
    let mut parser = Parser::new(source);
    parser.lexer.white();
    let node = parser.query()?;
    parser.lexer.white();
    if parser.lexer.is_done() { Ok(node) } else { parser.fault("expected end of input") }
}

/// Parses text with queries in `${! }`.
pub(crate) fn interpolated(source: &str) -> Parsed<Vec<Piece>> {
    text::interpolated(source)
}
