//! Mistakes in the source of a mapping, and where they are.

use std::borrow::Cow;
use std::fmt;

/// A mistake and its position, both counted from one, in characters. `line` is zero for interpolated text, whose
/// positions are counted from the start of the whole text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseError {
    /// As Bento words it: after characters beyond ASCII it is off.
    pub line: usize,
    pub column: usize,
    /// The line and column where the mistake really is.
    pub place: (usize, usize),
    pub message: String,
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self { line: 0, column, message, .. } => write!(f, "char {column}: {message}"),
            Self { line, column, message, .. } => write!(f, "line {line} char {column}: {message}"),
        }
    }
}

impl std::error::Error for ParseError {}

/// A mistake at an offset in bytes, before the offset becomes a position.
///
/// A passive one says what was looked for, and another reading of the same text may still succeed. A fatal one has a
/// reason and ends the search.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fault(Box<Inner>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Inner {
    at: usize,
    reason: Option<Cow<'static, str>>,
    expected: Vec<&'static str>,
    imported: Option<ImportFault>,
}

/// A mistake in a file that was imported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ImportFault {
    pub(crate) path: String,
    pub(crate) source: String,
    pub(crate) fault: Fault,
}

/// How many characters of the source a message shows that has no position.
const SHOWN: usize = 5;

const REQUIRED: &str = "required";

impl Fault {
    /// `what` is not there.
    pub(crate) fn expected(at: usize, what: &'static str) -> Self {
        Self(Box::new(Inner { at, reason: None, expected: vec![what], imported: None }))
    }

    pub(crate) fn fatal(at: usize, reason: impl Into<Cow<'static, str>>) -> Self {
        let reason = Some(reason.into());
        Self(Box::new(Inner { at, reason, expected: Vec::new(), imported: None }))
    }

    pub(crate) fn import(at: usize, imported: ImportFault) -> Self {
        let mut fault = Self::fatal(at, "");
        fault.0.imported = Some(imported);
        fault
    }

    pub(crate) fn at(&self) -> usize {
        self.0.at
    }

    pub(crate) fn is_fatal(&self) -> bool {
        self.0.reason.is_some()
    }

    /// Names what was looked for, unless the search is over.
    pub(crate) fn instead(mut self, what: &'static str) -> Self {
        if !self.is_fatal() {
            self.0.expected = vec![what];
        }
        self
    }

    /// Ends the search: what is missing here may not be missing.
    pub(crate) fn required(mut self) -> Self {
        self.0.reason.get_or_insert(Cow::Borrowed(REQUIRED));
        self
    }

    /// Something else that could have stood at the same place.
    pub(crate) fn or(mut self, what: &'static str) -> Self {
        self.0.expected.push(what);
        self
    }

    /// Of two readings that failed, the one that got further; both when they got equally far.
    pub(crate) fn further(mut self, other: Self) -> Self {
        if self.is_fatal() {
            return self;
        }
        if other.is_fatal() || other.0.at > self.0.at {
            return other;
        }
        if other.0.at == self.0.at {
            self.0.expected.extend(other.0.expected);
        }
        self
    }

    pub(crate) fn in_mapping(self, source: &str) -> ParseError {
        let (line, column) = position(source, self.0.at);
        let place = place(source, self.0.at);
        ParseError { line, column, place, message: self.message(|inner, source| inner.in_mapping(source)) }
    }

    pub(crate) fn in_text(self, source: &str) -> ParseError {
        let column = source.get(..self.0.at).unwrap_or(source).chars().count() + 1;
        let place = (0, column);
        ParseError { line: 0, column, place, message: self.message(|inner, source| inner.in_text(source)) }
    }

    /// The mistake without its position, but with a few characters of what stands there.
    pub(crate) fn in_place(self, source: &str) -> String {
        let message = self.message(|inner, source| inner.in_mapping(source));
        let found: String = source.get(self.0.at..).unwrap_or_default().chars().take(SHOWN).collect();
        match (self.0.expected.is_empty(), found.is_empty()) {
            (true, true) => message,
            (true, false) => format!("{message}: {found}"),
            (false, true) => format!("{message}, but reached end of input"),
            (false, false) => format!("{message}, got: {found}"),
        }
    }

    fn message(&self, nested: impl Fn(Self, &str) -> ParseError) -> String {
        if let Some(ImportFault { path, source, fault }) = &self.0.imported {
            return format!("failed to parse import '{path}': {}", nested(fault.clone(), source));
        }
        let reason = self.0.reason.as_deref().unwrap_or_default();
        let mut expected: Vec<&str> = Vec::new();
        for what in &self.0.expected {
            if !expected.contains(what) {
                expected.push(what);
            }
        }
        let wanted = match expected.as_slice() {
            [] => return reason.to_owned(),
            // Bento's list of one that was missed in several readings.
            [only] if self.0.expected.len() > 1 => format!(" or {only}"),
            [only] => (*only).to_owned(),
            [first, second] => format!("{first} or {second}"),
            [others @ .., last] => format!("{}, or {last}", others.join(", ")),
        };
        if reason.is_empty() { format!("expected {wanted}") } else { format!("{reason}: expected {wanted}") }
    }
}

/// The line and column of an offset. Lines are as long as their bytes, while the position is a number of characters:
/// after characters beyond ASCII both are off, as they are in Bento.
pub(crate) fn position(source: &str, at: usize) -> (usize, usize) {
    let mut left = source.get(..at).unwrap_or(source).chars().count();
    let mut line = 1;
    for text in source.split('\n') {
        if left <= text.len() {
            break;
        }
        left -= text.len() + 1;
        line += 1;
    }
    (line, left + 1)
}

/// The line and column of an offset, in characters.
fn place(source: &str, at: usize) -> (usize, usize) {
    let before = source.get(..at).unwrap_or(source);
    let line = before.rsplit('\n').next().unwrap_or(before);
    (before.matches('\n').count() + 1, line.chars().count() + 1)
}

/// Finds the lines of many offsets of one source.
#[derive(Debug)]
pub(crate) struct Lines<'s> {
    source: &'s str,
    /// The offsets of the line breaks, when every character is one byte.
    breaks: Option<Vec<usize>>,
}

impl<'s> Lines<'s> {
    pub(crate) fn of(source: &'s str) -> Self {
        let breaks = || source.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(at, _)| at);
        Self { source, breaks: source.is_ascii().then(|| breaks().collect()) }
    }

    /// The line of `at`, counted from the line of `from`.
    pub(crate) fn line(&self, from: usize, at: usize) -> usize {
        match &self.breaks {
            Some(breaks) => {
                let before = |at: usize| breaks.partition_point(|line| *line < at);
                before(at) - before(from) + 1
            }
            None => position(self.source.get(from..).unwrap_or_default(), at.saturating_sub(from)).0,
        }
    }
}
