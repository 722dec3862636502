//! Text with queries in it, as many fields of a configuration hold it.

use std::cell::RefCell;

use crate::eval::{Run, Site};
use crate::parse_error::ParseError;
use crate::parser::Piece;
use crate::program::Expr;
use crate::query::evaluate;
use crate::world::{Messages, Shared, World};
use crate::{compile, parser};

/// Compiled text, with the state of its counters.
#[derive(Debug)]
pub struct Interpolated {
    parts: Vec<Part>,
    sites: Vec<RefCell<Site>>,
}

#[derive(Debug)]
enum Part {
    Text(String),
    Query(Expr),
}

impl Interpolated {
    /// Compiles `source`, in which `${! query }` stands for the value of a query and `${{! x }}` for `${! x }`.
    ///
    /// # Errors
    /// The first mistake in it; its `line` is zero.
    pub fn compile(source: &str) -> Result<Self, ParseError> {
        let fail = |fault: crate::parse_error::Fault| fault.in_text(source);
        let pieces = parser::interpolated(source).map_err(fail)?;
        let nodes = pieces.iter().filter_map(|piece| match piece {
            Piece::Query(node) => Some(node),
            Piece::Text(_) => None,
        });
        let (expressions, sites) = compile::queries(nodes).map_err(fail)?;
        let mut expressions = expressions.into_iter();
        let parts = pieces.into_iter().filter_map(|piece| match piece {
            Piece::Text(text) => Some(Part::Text(text)),
            Piece::Query(_) => expressions.next().map(Part::Query),
        });
        Ok(Self { parts: parts.collect(), sites: (0..sites).map(|_| RefCell::default()).collect() })
    }

    /// The text, when there is nothing to evaluate.
    pub fn constant(&self) -> Option<&str> {
        match self.parts.as_slice() {
            [] => Some(""),
            [Part::Text(text)] => Some(text),
            _ => None,
        }
    }

    /// Appends the text for message `index` to `out`.
    ///
    /// # Errors
    /// Why a query has no value; `out` is then as it was.
    pub fn run(
        &mut self,
        messages: &dyn Messages,
        index: usize,
        world: &mut dyn World,
        out: &mut Vec<u8>,
    ) -> Result<(), String> {
        let outside = Shared::new(world);
        let run = Run::new(messages, index, &outside, &[], &self.sites);
        let start = out.len();
        for part in &self.parts {
            match part {
                Part::Text(text) => out.extend_from_slice(text.as_bytes()),
                Part::Query(expression) => match evaluate(expression, &run) {
                    Ok(value) => value.write_text(out),
                    Err(failure) => {
                        out.truncate(start);
                        return Err(failure.to_string());
                    }
                },
            }
        }
        Ok(())
    }
}
