use std::fmt;

/// What is wrong, and where. Lines count from 1, columns are bytes from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CsvError {
    Delimiter,
    FieldCount { line: usize },
    Quote { start: usize, line: usize, column: usize },
    BareQuote { start: usize, line: usize, column: usize },
    TooLong { line: usize, limit: usize },
}

impl fmt::Display for CsvError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (start, line, column, what) = match *self {
            Self::Delimiter => return f.write_str("csv: invalid field or comment delimiter"),
            Self::FieldCount { line } => return write!(f, "record on line {line}: wrong number of fields"),
            Self::TooLong { line, limit } => {
                return write!(f, "record on line {line}: more than {limit} bytes, which is the limit");
            }
            Self::Quote { start, line, column } => {
                (start, line, column, "extraneous or missing \" in quoted-field")
            }
            Self::BareQuote { start, line, column } => (start, line, column, "bare \" in non-quoted-field"),
        };
        if start == line {
            write!(f, "parse error on line {line}, column {column}: {what}")
        } else {
            write!(f, "record on line {start}; parse error on line {line}, column {column}: {what}")
        }
    }
}

impl std::error::Error for CsvError {}
