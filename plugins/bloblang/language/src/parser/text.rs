//! Text with queries in it.

use super::{Parsed, Parser};
use crate::syntax::Node;

/// A stretch of plain text, or a query.
#[derive(Debug)]
pub(crate) enum Piece {
    Text(String),
    Query(Node),
}

/// Splits `source` at `${! query }`. `${{! x }}` stands for `${! x }`, and everything else for itself.
pub(super) fn interpolated(source: &str) -> Parsed<Vec<Piece>> {
    let mut parser = Parser::new(source);
    let mut pieces = Vec::new();
    let mut plain = String::new();
    while let Some(next) = parser.lexer.rest().find("${") {
        let rest = parser.lexer.rest();
        plain.push_str(rest.get(..next).unwrap_or_default());
        parser.lexer.reset(parser.lexer.at() + next);
        if parser.lexer.take("${!") {
            if !plain.is_empty() {
                pieces.push(Piece::Text(std::mem::take(&mut plain)));
            }
            parser.lexer.white();
            pieces.push(Piece::Query(parser.query().map_err(|fault| fault.or_expected("query"))?));
            parser.lexer.white();
            parser.require("}", "}")?;
        } else if let Some(length) = escaped(parser.lexer.rest()) {
            let inside = parser.lexer.rest().get("${{".len()..length - "}}".len()).unwrap_or_default();
            plain.push_str("${");
            plain.push_str(inside);
            plain.push('}');
            parser.lexer.reset(parser.lexer.at() + length);
        } else {
            parser.lexer.take("${");
            plain.push_str("${");
        }
    }
    plain.push_str(parser.lexer.rest());
    if !plain.is_empty() {
        pieces.push(Piece::Text(plain));
    }
    Ok(pieces)
}

/// The length of the escaped interpolation that `rest` begins with.
fn escaped(rest: &str) -> Option<usize> {
    rest.strip_prefix("${{!")?;
    rest.find("}}").map(|at| at + "}}".len())
}
