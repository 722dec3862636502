//! Mistakes in the words that Go has for them.

use saphyr_parser::ScanError;

/// Mistakes that the scanner finds, in Go's words; it counts lines differently for them.
const SCANNED: [&str; 14] = [
    "mapping values are not allowed in this context",
    "mapping keys are not allowed in this context",
    "block sequence entries are not allowed in this context",
    "could not find expected ':'",
    "found unexpected end of stream",
    "found unexpected document indicator",
    "found character that cannot start any token",
    "found unknown escape character",
    "did not find expected hexadecimal number",
    "found invalid Unicode character escape code",
    "did not find expected comment or line break",
    "found an indentation indicator equal to 0",
    "did not find expected alphabetic or numeric character",
    "found a tab character that violates indentation",
];

/// What a mistake of the parser is in Go. `lines` is how many lines the text has.
pub(super) fn worded(error: &ScanError, text: &str) -> String {
    let info = error.info();
    // The parser says where it was as well.
    let what = match info.split_once(", ") {
        Some((context, what)) if context.starts_with("while ") => what,
        _ => info,
    };
    let what = match what {
        "expected ',' or ']'" => "did not find expected ',' or ']'",
        "simple key expected" | "simple key expect ':'" => "could not find expected ':'",
        "invalid trailing content after double-quoted scalar" => "did not find expected key",
        "did not find expected <document start>" | "did not find expected <document-start>" => {
            "did not find expected <document start>"
        }
        "tab cannot be used as indentation" | "unexpected character: `@'" | "unexpected character: `%'" => {
            "found character that cannot start any token"
        }
        other if other.starts_with("unexpected character") => "found character that cannot start any token",
        other => other,
    };
    let scanned = SCANNED.contains(&what);
    let before = text.lines().count();
    // The parser counts from one; behind the end Go counts a line more.
    let line = error.marker().line().saturating_sub(1).min(before);
    match line {
        0 => what.to_owned(),
        line => format!("line {}: {what}", line + usize::from(scanned)),
    }
}
