use std::fmt;

use crate::bindings::capabilities::forebay::plugin::configuration as wit;

/// Why a configuration, or a text in it, can't be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    message: String,
    field: String,
    line: u32,
    column: u32,
}

impl Problem {
    /// A problem of the whole configuration.
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), field: String::new(), line: 0, column: 0 }
    }

    /// The same problem, of the field at this JSON pointer (`/paths/0`).
    #[must_use]
    pub fn at(mut self, field: impl fmt::Display) -> Self {
        self.field = field.to_string();
        self
    }

    /// The same problem, at this place in the text of the field. Both count from 1.
    #[must_use]
    pub fn position(self, line: u32, column: u32) -> Self {
        Self { line, column, ..self }
    }

    /// What is wrong.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The JSON pointer of the field; empty for the whole configuration.
    #[must_use]
    pub fn field(&self) -> &str {
        &self.field
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { message, field, line, column } = self;
        if !field.is_empty() {
            write!(f, "{field}: ")?;
        }
        if *line > 0 {
            write!(f, "line {line} column {column}: ")?;
        }
        f.write_str(message)
    }
}

impl std::error::Error for Problem {}

impl From<Problem> for wit::Problem {
    fn from(Problem { message, field, line, column }: Problem) -> Self {
        Self { message, field, line, column }
    }
}

impl From<wit::Problem> for Problem {
    fn from(wit::Problem { message, field, line, column }: wit::Problem) -> Self {
        Self { message, field, line, column }
    }
}
