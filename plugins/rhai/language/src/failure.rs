//! Why code does not compile or a script fails, in words.

use std::fmt;

use rhai::{Dynamic, EvalAltResult, Position};

/// Code that can't be compiled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParseError {
    /// Both count from 1.
    pub line: usize,
    pub column: usize,
    pub message: String,
}

impl ParseError {
    pub(crate) fn at_start(message: String) -> Self {
        Self { line: 1, column: 1, message }
    }
}

impl From<rhai::ParseError> for ParseError {
    fn from(error: rhai::ParseError) -> Self {
        let at = error.position();
        // The end of the code has no place of its own.
        let (line, column) = (at.line().unwrap_or(1), at.position().unwrap_or(1).max(1));
        Self { line, column, message: error.err_type().to_string() }
    }
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {} column {}: {}", self.line, self.column, self.message)
    }
}

impl std::error::Error for ParseError {}

/// Why a script was stopped from outside of it; no script can catch that.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stop {
    /// The message is dropped, as the script wanted.
    Dropped,
    /// It holds too much memory.
    Memory,
    /// It takes too long.
    Time,
    /// It nests values too deep.
    Depth,
}

impl Stop {
    pub(crate) fn raise(self) -> Box<EvalAltResult> {
        EvalAltResult::ErrorTerminated(Dynamic::from(self), Position::NONE).into()
    }
}

/// An error in words, with the place in the code where it came up: `no user (line 3, column 5)`.
pub(crate) fn describe(error: &EvalAltResult) -> String {
    let (inner, function) = innermost(error);
    let mut text = match inner {
        EvalAltResult::ErrorRuntime(value, _) => thrown(value),
        EvalAltResult::ErrorTerminated(stop, _) => match stop.clone().try_cast() {
            Some(Stop::Memory) => "the script holds too much memory".to_owned(),
            Some(Stop::Depth) => "the script nests values too deep".to_owned(),
            Some(Stop::Time) => "the script takes too long".to_owned(),
            Some(Stop::Dropped) | None => "the script was ended".to_owned(),
        },
        other => without_position(other),
    };
    let at = inner.position();
    let at = if at.is_none() { error.position() } else { at };
    if let Some(line) = at.line() {
        text.push_str(&match at.position() {
            Some(column) => format!(" (line {line}, column {column})"),
            None => format!(" (line {line})"),
        });
    }
    if let Some(function) = function {
        text.push_str(&format!(" in function {function}"));
    }
    text
}

/// The error in the function that was called last, and the name of that function if it has one.
fn innermost(error: &EvalAltResult) -> (&EvalAltResult, Option<&str>) {
    let (mut error, mut function) = (error, None);
    while let EvalAltResult::ErrorInFunctionCall(name, _, inner, _) = error {
        function = (!name.starts_with("anon$")).then_some(name.as_str());
        error = inner;
    }
    (error, function)
}

fn thrown(value: &Dynamic) -> String {
    if value.is_unit() {
        return "the script has thrown".to_owned();
    }
    if value.is_map() || value.is_array() {
        let mut json = Vec::new();
        if crate::json::write(value, &mut json).is_ok() {
            return String::from_utf8_lossy(&json).into_owned();
        }
    }
    value.to_string()
}

/// The words of an error. Its position is said in another way.
fn without_position(error: &EvalAltResult) -> String {
    let text = error.to_string();
    let suffix = format!(" ({})", error.position());
    text.strip_suffix(&suffix).unwrap_or(&text).to_owned()
}
