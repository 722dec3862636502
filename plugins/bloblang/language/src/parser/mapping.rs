//! A mapping as a whole.

use super::{Parsed, Parser};
use crate::parse_error::Fault;
use crate::syntax::{Source, StatementKind, StatementNode};

/// How much of a query the message about a misplaced shorthand shows.
const SHOWN: usize = 12;

/// Tries statements, then a single query; of two failures the one that got further is reported.
pub(super) fn mapping(source: &str) -> Parsed<Source> {
    let statements = match Parser::new(source).source() {
        Ok(source) => return Ok(source),
        Err(fault) => fault,
    };
    match shorthand(source) {
        Ok(source) => Ok(source),
        Err(fault) if fault.at > statements.at => Err(fault),
        Err(_) => Err(statements),
    }
}

/// One query, which stands for `root = query`.
fn shorthand(source: &str) -> Parsed<Source> {
    let mut parser = Parser::new(source);
    parser.lexer.white();
    let start = parser.lexer.at();
    let query = parser.query()?;
    let text = source.get(start..parser.lexer.at()).unwrap_or_default();
    parser.lexer.spaces();
    let end = parser.lexer.at();
    parser.lexer.white();
    if !parser.lexer.is_done() {
        let mut shown: String = text.chars().take(SHOWN).collect();
        if shown.len() < text.len() {
            shown.push_str("...");
        }
        return Err(Fault::new(
            end,
            format!(
                "expected the mapping to end here as the beginning is shorthand for `root = {shown}`, \
                 but this shorthand form cannot be followed with more assignments"
            ),
        ));
    }
    let (line, _) = crate::parse_error::position(source, start);
    let statement = StatementNode { line, kind: StatementKind::Assign(Vec::new(), query) };
    Ok(Source { maps: Vec::new(), statements: vec![statement] })
}
