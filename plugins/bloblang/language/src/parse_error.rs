//! Mistakes in the source of a mapping, and where they are.

use std::fmt;

/// A mistake and its position, both counted from one, in characters. `line` is zero for interpolated text, whose
/// positions are counted from the start of the whole text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseError {
    pub line: usize,
    pub column: usize,
    pub message: String,
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self { line: 0, column, message } => write!(f, "char {column}: {message}"),
            Self { line, column, message } => write!(f, "line {line} char {column}: {message}"),
        }
    }
}

impl std::error::Error for ParseError {}

/// A mistake at an offset in bytes, before the offset becomes a position.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    pub(crate) at: usize,
    pub(crate) message: String,
    /// There was no query at all where one might have been: the caller may know a better name for what is missing.
    pub(crate) absent: bool,
}

impl Fault {
    pub(crate) fn new(at: usize, message: impl Into<String>) -> Self {
        Self { at, message: message.into(), absent: false }
    }

    pub(crate) fn absent(at: usize) -> Self {
        Self { at, message: "expected query".to_owned(), absent: true }
    }

    /// Renames a missing query.
    pub(crate) fn or_expected(self, what: &str) -> Self {
        if self.absent { Self::new(self.at, format!("required: expected {what}")) } else { self }
    }

    pub(crate) fn in_mapping(self, source: &str) -> ParseError {
        let (line, column) = position(source, self.at);
        ParseError { line, column, message: self.message }
    }

    pub(crate) fn in_text(self, source: &str) -> ParseError {
        let column = source.get(..self.at).unwrap_or(source).chars().count() + 1;
        ParseError { line: 0, column, message: self.message }
    }
}

/// The line and column of an offset.
pub(crate) fn position(source: &str, at: usize) -> (usize, usize) {
    let before = source.get(..at).unwrap_or(source);
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    (line, column)
}
