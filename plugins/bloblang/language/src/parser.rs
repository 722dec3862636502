//! From source text to a tree.
//!
//! A recursive descent over the statements, and operators bound by precedence. Nesting is limited by
//! `limits::SOURCE_DEPTH`, so that no source can exhaust the stack.
//!
//! Which mistake is reported, where and in which words is part of the language. Every rule therefore fails in one of
//! two ways: passively, and then another reading is tried and of several failures the furthest one counts; or fatally,
//! which ends the parse. Names, arguments and constants are checked while they are read, because a wrong one earlier
//! in the text comes before a syntax error later in it.

mod arguments;
mod atom;
mod bind;
mod control;
mod imports;
mod literal;
mod mapping;
mod query;
mod statement;
mod tail;
mod text;
mod vocabulary;

use std::collections::BTreeSet;

use crate::lexer::Lexer;
use crate::limits::SOURCE_DEPTH;
use crate::parse_error::{Fault, Lines};
use crate::syntax::Source;

pub(crate) use imports::Imports;
pub(crate) use text::Piece;
pub(crate) use vocabulary::Vocabulary;

pub(crate) type Parsed<T> = Result<T, Fault>;

/// A parser at a position of a source.
#[derive(Debug)]
pub(crate) struct Parser<'s> {
    lexer: Lexer<'s>,
    lines: Lines<'s>,
    depth: u16,
    /// The names that the lambdas around the current position have given.
    names: Vec<&'s str>,
    vocabulary: Vocabulary,
    /// Where a `match` turned out to have no subject. Its cases are then read without trying once more to read them as
    /// an object, which in a `match` in a pattern in a `match` would take twice as long with each of them.
    without_subject: BTreeSet<usize>,
}

impl<'s> Parser<'s> {
    fn new(source: &'s str) -> Self {
        Self {
            lexer: Lexer::new(source),
            lines: Lines::of(source),
            depth: 0,
            names: Vec::new(),
            vocabulary: Vocabulary::Whole,
            without_subject: BTreeSet::new(),
        }
    }

    /// Reads with the words that `imports` goes with.
    fn with(self, imports: &Imports<'_>) -> Self {
        Self { vocabulary: imports.vocabulary(), ..self }
    }

    /// Runs `parse` one level deeper.
    fn nested<T>(&mut self, parse: impl FnOnce(&mut Self) -> Parsed<T>) -> Parsed<T> {
        if self.depth >= SOURCE_DEPTH {
            return Err(Fault::fatal(
                self.lexer.at(),
                format!("nested more than {SOURCE_DEPTH} levels deep"),
            ));
        }
        self.depth += 1;
        let result = parse(self);
        self.depth -= 1;
        result
    }

    fn expect(&mut self, symbol: &'static str) -> Parsed<()> {
        if self.lexer.take(symbol) { Ok(()) } else { Err(Fault::expected(self.lexer.at(), symbol)) }
    }

    /// Spaces, which must be there.
    fn expect_spaces(&mut self) -> Parsed<()> {
        if self.lexer.spaces() { Ok(()) } else { Err(Fault::expected(self.lexer.at(), "whitespace")) }
    }

    /// Runs `parse`, and steps back when it fails.
    fn attempt<T>(&mut self, parse: impl FnOnce(&mut Self) -> Parsed<T>) -> Parsed<T> {
        let start = self.lexer.at();
        let result = parse(self);
        if result.is_err() {
            self.lexer.reset(start);
        }
        result
    }

    /// `open item, item close` with `delimiter` between the items, which may also follow the last.
    fn list<T>(
        &mut self,
        (close, shown): (&'static str, &'static str),
        mut item: impl FnMut(&mut Self) -> Parsed<T>,
        mut delimiter: impl FnMut(&mut Self) -> Parsed<()>,
    ) -> Parsed<Vec<T>> {
        let mut items = Vec::new();
        loop {
            match self.attempt(&mut item) {
                Ok(item) => items.push(item),
                Err(_) if self.closes(close) => return Ok(items),
                Err(fault) => return Err(fault),
            }
            match self.attempt(&mut delimiter) {
                Ok(()) => {}
                Err(_) if self.closes(close) => return Ok(items),
                Err(fault) => return Err(fault.or(shown)),
            }
        }
    }

    fn closes(&mut self, close: &str) -> bool {
        let start = self.lexer.at();
        self.lexer.white();
        let found = self.lexer.take(close);
        if !found {
            self.lexer.reset(start);
        }
        found
    }

    /// A comma and the space around it, of which the part before may hold no line break.
    fn comma(&mut self) -> Parsed<()> {
        self.lexer.spaces();
        self.expect(",")?;
        self.lexer.white();
        Ok(())
    }
}

/// Parses a mapping: statements, or one query that stands for `root = query`.
pub(crate) fn mapping(source: &str, imports: &mut Imports<'_>) -> Parsed<Source> {
    mapping::mapping(source, imports)
}

/// Parses the query that a source begins with, and gives the offset of what follows it.
#[cfg(test)]
pub(crate) fn query_prefix(source: &str) -> Parsed<(crate::syntax::Node, usize)> {
    let mut parser = Parser::new(source);
    let node = parser.query()?;
    Ok((node, parser.lexer.at()))
}

/// Parses text with queries in `${! }`.
pub(crate) fn interpolated(source: &str) -> Parsed<Vec<Piece>> {
    text::interpolated(source)
}
