//! Walks a string as it is written, beside the string as it is meant.

use crate::position::Position;
use crate::yaml::Style;

/// How many bytes behind the beginning of a written string a place of its meaning is. Stops at a closing quote.
pub(super) fn offset(written: &str, style: Style, place: Position) -> usize {
    let mut at = usize::from(style != Style::Plain);
    let mut here = Position::START;
    while let Some(unit) = unit(written.get(at..).unwrap_or_default(), style) {
        let next = match unit.breaks {
            0 => Position { column: here.column + unit.characters, ..here },
            breaks => Position { line: here.line + breaks, column: 1 },
        };
        if next > place {
            break;
        }
        here = next;
        at += unit.length;
    }
    at
}

/// The smallest part of a written string that means something: bytes taken, characters or line breaks meant.
struct Unit {
    length: usize,
    characters: usize,
    breaks: usize,
}

fn unit(written: &str, style: Style) -> Option<Unit> {
    let one = |length| Some(Unit { length, characters: 1, breaks: 0 });
    let first = written.chars().next()?;
    match (style, first) {
        (Style::DoubleQuoted, '"') => None,
        (Style::DoubleQuoted, '\\') => escape(written),
        (Style::SingleQuoted, '\'') if written.starts_with("''") => one(2),
        (Style::SingleQuoted, '\'') => None,
        (_, ' ' | '\t' | '\r' | '\n') => Some(folded(written)),
        _ => one(first.len_utf8()),
    }
}

fn escape(written: &str) -> Option<Unit> {
    let escaped = written.chars().nth(1)?;
    let unit = match escaped {
        'n' => Unit { length: 2, characters: 0, breaks: 1 },
        'x' => Unit { length: 4, characters: 1, breaks: 0 },
        'u' => Unit { length: 6, characters: 1, breaks: 0 },
        'U' => Unit { length: 10, characters: 1, breaks: 0 },
        // An escaped line break means nothing, and neither does the space behind it.
        '\r' | '\n' => Unit { length: 1 + blank(&written[1..]), characters: 0, breaks: 0 },
        other => Unit { length: 1 + other.len_utf8(), characters: 1, breaks: 0 },
    };
    Some(unit)
}

/// Blanks. With a line break among them they are one space, or one break less than there are.
fn folded(written: &str) -> Unit {
    let length = blank(written);
    match written[..length].bytes().filter(|byte| *byte == b'\n').count() {
        0 => Unit { length: 1, characters: 1, breaks: 0 },
        1 => Unit { length, characters: 1, breaks: 0 },
        breaks => Unit { length, characters: 0, breaks: breaks - 1 },
    }
}

fn blank(written: &str) -> usize {
    written.find(|c| !matches!(c, ' ' | '\t' | '\r' | '\n')).unwrap_or(written.len())
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("abc", Style::Plain, 1, 3, 2)]
    #[case("a  b", Style::Plain, 1, 4, 3)]
    #[case("a\n   b c", Style::Plain, 1, 3, 5)]
    #[case("a\n\n  b", Style::Plain, 2, 1, 5)]
    #[case("'a''b'", Style::SingleQuoted, 1, 3, 4)]
    #[case("'ab'", Style::SingleQuoted, 1, 9, 3)]
    #[case("\"a\\tb\"", Style::DoubleQuoted, 1, 3, 4)]
    #[case("\"a\\nbc\"", Style::DoubleQuoted, 2, 2, 5)]
    #[case("\"\\u00e9\\x41\u{e9}z\"", Style::DoubleQuoted, 1, 4, 13)]
    #[case("\"a\\\n  b\"", Style::DoubleQuoted, 1, 2, 6)]
    #[case("\"", Style::DoubleQuoted, 3, 1, 1)]
    #[case("", Style::DoubleQuoted, 3, 1, 1)]
    fn places_are_found_in_the_written_string(
        #[case] written: &str,
        #[case] style: Style,
        #[case] line: usize,
        #[case] column: usize,
        #[case] expected: usize,
    ) {
        assert_eq!(offset(written, style, Position { line, column }), expected);
    }
}
