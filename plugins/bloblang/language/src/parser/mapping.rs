//! A mapping as a whole.

use super::{Imports, Parsed, Parser};
use crate::parse_error::Fault;
use crate::syntax::{Source, StatementKind, StatementNode};

/// How much of a query the message about a misplaced shorthand shows.
const SHOWN: usize = 12;

/// Tries statements, then a single query; of two failures the one that got further is reported.
pub(super) fn mapping(source: &str, imports: &mut Imports<'_>) -> Parsed<Source> {
    if let Some(source) = Parser::new(source).with(imports).only_import(imports)? {
        return Ok(source);
    }
    let fault = match statements(&mut Parser::new(source).with(imports), imports) {
        Ok(source) => return Ok(source),
        Err(fault) if fault.is_fatal() => return Err(fault),
        Err(fault) => fault,
    };
    match shorthand(Parser::new(source).with(imports), source) {
        Ok(source) => Ok(source),
        Err(other) if other.at() > fault.at() => Err(other),
        Err(_) => Err(fault),
    }
}

/// The whole source as statements.
pub(super) fn statements(parser: &mut Parser<'_>, imports: &mut Imports<'_>) -> Parsed<Source> {
    let mut source = Source::default();
    parser.lexer.white();
    loop {
        parser.top_statement(&mut source, imports)?;
        parser.lexer.spaces();
        if parser.lexer.is_done() {
            return Ok(source);
        }
        parser.lexer.line_break()?;
        parser.lexer.white();
        if parser.lexer.is_done() {
            return Ok(source);
        }
    }
}

/// One query, which stands for `root = query`.
fn shorthand(mut parser: Parser<'_>, source: &str) -> Parsed<Source> {
    parser.lexer.white();
    let start = parser.lexer.at();
    let query = parser.query()?;
    let text = source.get(start..parser.lexer.at()).unwrap_or_default();
    parser.lexer.white();
    if !parser.lexer.is_done() {
        let mut shown: String = text.chars().take(SHOWN).collect();
        if shown.len() < text.len() {
            shown.push_str("...");
        }
        return Err(Fault::fatal(
            parser.lexer.at(),
            format!(
                "expected the mapping to end here as the beginning is shorthand for `root = {shown}`, \
                 but this shorthand form cannot be followed with more assignments"
            ),
        ));
    }
    let statement = StatementNode { line: 1, kind: StatementKind::Assign(Vec::new(), query) };
    Ok(Source { maps: Vec::new(), statements: vec![statement] })
}
