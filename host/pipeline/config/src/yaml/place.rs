//! Where the text of a scalar really begins and ends. The parser's spans include anchors and tags, begin a block at its
//! first line that is not empty, and end quoted text behind the blanks and comments that follow it.

use super::Style;
use crate::position::{Position, Span};
use crate::source::Text;

pub(super) struct Place {
    pub(super) text_start: Position,
    pub(super) end: Position,
}

/// `value` is what the scalar means; `has_properties` says whether an anchor or a tag stands before it.
pub(super) fn find(text: &Text, value: &str, style: Style, has_properties: bool, span: Span) -> Place {
    let start = text.offset(span.start);
    let written = &text.as_str()[start..];
    let skipped = if has_properties { properties(written) } else { 0 };
    match style {
        Style::Literal | Style::Folded if has_properties => {
            let header = text.position(start + skipped);
            Place { text_start: block(&written[skipped..], header, value), end: span.end }
        }
        Style::Literal | Style::Folded => {
            // The empty lines before are part of the value.
            let empty_lines = value.bytes().take_while(|byte| *byte == b'\n').count();
            let line = span.start.line.saturating_sub(empty_lines).max(1);
            Place { text_start: Position { line, ..span.start }, end: span.end }
        }
        Style::SingleQuoted | Style::DoubleQuoted => {
            let end = start + skipped + quoted(&written[skipped..], style);
            Place { text_start: text.position(start + skipped), end: text.position(end) }
        }
        _ => Place { text_start: text.position(start + skipped), end: span.end },
    }
}

/// How many bytes the anchors and tags at the beginning of a text take.
pub(super) fn properties(text: &str) -> usize {
    let mut rest = text;
    while rest.starts_with(['&', '!']) {
        let behind = rest.find(char::is_whitespace).unwrap_or(rest.len());
        rest = rest[behind..].trim_start();
    }
    text.len() - rest.len()
}

/// Where the text of a block begins whose header is at the beginning of `written`: the header, if nothing follows.
fn block(written: &str, header: Position, value: &str) -> Position {
    if written.lines().nth(1).is_none() {
        return header;
    }
    let first = written.lines().skip(1).find(|line| !line.trim().is_empty()).unwrap_or_default();
    let spaces = |line: &str| line.bytes().take_while(|byte| *byte == b' ').count();
    let own = value.lines().find(|line| !line.trim().is_empty()).map_or(0, spaces);
    Position { line: header.line + 1, column: spaces(first).saturating_sub(own) + 1 }
}

/// How many bytes a quoted text takes, with its quotes.
fn quoted(written: &str, style: Style) -> usize {
    let bytes = written.as_bytes();
    let mut at = 1;
    while let Some(byte) = bytes.get(at) {
        at += match (style, byte) {
            (Style::DoubleQuoted, b'\\') => 2,
            (Style::DoubleQuoted, b'"') => return at + 1,
            (Style::SingleQuoted, b'\'') if bytes.get(at + 1) == Some(&b'\'') => 2,
            (Style::SingleQuoted, b'\'') => return at + 1,
            _ => 1,
        };
    }
    bytes.len()
}
