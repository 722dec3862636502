//! Text with queries in it.

use super::{Parsed, Parser};
use crate::parse_error::Fault;
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
    while let Some(next) = parser.lexer.rest().find('$') {
        plain.push_str(parser.lexer.rest().get(..next).unwrap_or_default());
        parser.lexer.reset(parser.lexer.at() + next);
        if parser.lexer.take("${!") {
            if !plain.is_empty() {
                pieces.push(Piece::Text(std::mem::take(&mut plain)));
            }
            pieces.push(Piece::Query(parser.query().map_err(Fault::required)?));
            parser.lexer.spaces();
            parser.expect("}").map_err(|fault| fault.instead("end of expression").required())?;
        } else if parser.lexer.take("${{!") {
            let inside = parser.escaped()?;
            plain.push_str("${!");
            plain.push_str(inside);
            plain.push('}');
        } else {
            parser.lexer.take("$");
            plain.push('$');
        }
    }
    plain.push_str(parser.lexer.rest());
    if !plain.is_empty() {
        pieces.push(Piece::Text(plain));
    }
    Ok(pieces)
}

impl<'s> Parser<'s> {
    /// What is inside of an escaped interpolation, whose end must come.
    fn escaped(&mut self) -> Parsed<&'s str> {
        let rest = self.lexer.rest();
        let Some(length) = rest.find("}}") else {
            return Err(Fault::expected(self.lexer.at(), "end of escaped expression").required());
        };
        self.lexer.reset(self.lexer.at() + length + 2);
        Ok(rest.get(..length).unwrap_or_default())
    }
}
