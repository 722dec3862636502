//! CSV, read as Go's `encoding/csv` reads it.
//!
//! ```
//! use forebay_csv::{Dialect, read};
//!
//! let rows = read(b"a,b\n1,\"x, y\"\n", Dialect::default())?;
//! assert_eq!(rows, [["a", "b"], ["1", "x, y"]].map(|row| row.map(|field| field.as_bytes().to_vec()).to_vec()));
//! # Ok::<(), forebay_csv::CsvError>(())
//! ```

use std::fmt;

/// How fields are separated, and whether quotes may stand where they should not.
#[derive(Clone, Copy, Debug)]
pub struct Dialect {
    pub delimiter: char,
    pub lazy_quotes: bool,
}

/// What is wrong, and where. Lines count from 1, columns are bytes from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CsvError {
    Delimiter,
    FieldCount { line: usize },
    Quote { start: usize, line: usize, column: usize },
    BareQuote { start: usize, line: usize, column: usize },
}

impl fmt::Display for CsvError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (start, line, column, what) = match *self {
            Self::Delimiter => return f.write_str("csv: invalid field or comment delimiter"),
            Self::FieldCount { line } => return write!(f, "record on line {line}: wrong number of fields"),
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

impl Default for Dialect {
    fn default() -> Self {
        Self { delimiter: ',', lazy_quotes: false }
    }
}

/// The fields of a record.
pub type Record = Vec<Vec<u8>>;

/// Reads all records. All have as many fields as the first.
///
/// # Errors
/// The first mistake.
pub fn read(text: &[u8], dialect: Dialect) -> Result<Vec<Record>, CsvError> {
    Records::new(text, dialect)?.collect()
}

/// The records of a text, of which all have as many fields as the first. After a mistake, what comes is unspecified.
#[derive(Debug)]
pub struct Records<'t> {
    reader: Reader<'t>,
    fields: Option<usize>,
}

impl<'t> Records<'t> {
    /// Reads nothing yet.
    ///
    /// # Errors
    /// The delimiter can be none.
    pub fn new(text: &'t [u8], dialect: Dialect) -> Result<Self, CsvError> {
        if matches!(dialect.delimiter, '"' | '\r' | '\n' | '\0' | char::REPLACEMENT_CHARACTER) {
            return Err(CsvError::Delimiter);
        }
        Ok(Self { reader: Reader { rest: text, line: 0, dialect }, fields: None })
    }
}

impl Iterator for Records<'_> {
    type Item = Result<Record, CsvError>;

    fn next(&mut self) -> Option<Self::Item> {
        let (line, record) = match self.reader.record() {
            Ok(record) => record?,
            Err(mistake) => return Some(Err(mistake)),
        };
        if *self.fields.get_or_insert(record.len()) != record.len() {
            return Some(Err(CsvError::FieldCount { line }));
        }
        Some(Ok(record))
    }
}

#[derive(Debug)]
struct Reader<'t> {
    rest: &'t [u8],
    /// How many lines were read.
    line: usize,
    dialect: Dialect,
}

/// A line with its line feed, which is alone even if a carriage return was before it.
struct Line<'t> {
    text: &'t [u8],
    /// Whether it ends in a line feed.
    ended: bool,
}

impl<'t> Reader<'t> {
    fn next_line(&mut self) -> Option<Line<'t>> {
        if self.rest.is_empty() {
            return None;
        }
        self.line += 1;
        let (line, rest, ended) = match self.rest.iter().position(|byte| *byte == b'\n') {
            Some(at) => {
                let (line, rest) = self.rest.split_at_checked(at + 1)?;
                (line.strip_suffix(b"\n").unwrap_or(line), rest, true)
            }
            None => (self.rest, &self.rest[self.rest.len()..], false),
        };
        self.rest = rest;
        Some(Line { text: line.strip_suffix(b"\r").unwrap_or(line), ended })
    }

    /// The next record and the line it is on.
    fn record(&mut self) -> Result<Option<(usize, Record)>, CsvError> {
        let mut line = loop {
            match self.next_line() {
                None => return Ok(None),
                Some(line) if line.text.is_empty() => {}
                Some(line) => break line,
            }
        };
        let start = self.line;
        let mut delimiter = [0; 4];
        let delimiter = self.dialect.delimiter.encode_utf8(&mut delimiter).as_bytes();
        let mut fields = Vec::new();
        let mut rest = line.text;
        loop {
            if let Some(quoted) = rest.strip_prefix(b"\"") {
                let (field, after) = self.quoted(start, &mut line, quoted, delimiter)?;
                fields.push(field);
                match after {
                    Some(after) => rest = after,
                    None => break,
                }
                continue;
            }
            let (field, after) = match find(rest, delimiter) {
                Some(at) => (rest.get(..at).unwrap_or_default(), rest.get(at + delimiter.len()..)),
                None => (rest, None),
            };
            if !self.dialect.lazy_quotes
                && let Some(at) = field.iter().position(|byte| *byte == b'"')
            {
                let column = line.text.len() - rest.len() + at + 1;
                return Err(CsvError::BareQuote { start, line: self.line, column });
            }
            fields.push(field.to_vec());
            match after {
                Some(after) => rest = after,
                None => break,
            }
        }
        Ok(Some((start, fields)))
    }

    /// Reads a field after its first quote, and what follows the delimiter after it, if there is one.
    fn quoted(
        &mut self,
        start: usize,
        line: &mut Line<'t>,
        mut rest: &'t [u8],
        delimiter: &[u8],
    ) -> Result<(Vec<u8>, Option<&'t [u8]>), CsvError> {
        let mut field = Vec::new();
        loop {
            let Some(at) = rest.iter().position(|byte| *byte == b'"') else {
                field.extend_from_slice(rest);
                let column = line.text.len() + 1;
                if line.ended {
                    field.push(b'\n');
                }
                match self.next_line() {
                    Some(next) => {
                        rest = next.text;
                        *line = next;
                        continue;
                    }
                    None if self.dialect.lazy_quotes => return Ok((field, None)),
                    None => {
                        let column = column + usize::from(line.ended);
                        return Err(CsvError::Quote { start, line: self.line, column });
                    }
                }
            };
            field.extend_from_slice(rest.get(..at).unwrap_or_default());
            let after = rest.get(at + 1..).unwrap_or_default();
            if let Some(more) = after.strip_prefix(b"\"") {
                field.push(b'"');
                rest = more;
            } else if let Some(next) = after.strip_prefix(delimiter) {
                return Ok((field, Some(next)));
            } else if after.is_empty() {
                return Ok((field, None));
            } else if self.dialect.lazy_quotes {
                field.push(b'"');
                rest = after;
            } else {
                let column = line.text.len() - after.len();
                return Err(CsvError::Quote { start, line: self.line, column });
            }
        }
    }
}

fn find(text: &[u8], part: &[u8]) -> Option<usize> {
    memchr::memmem::find(text, part)
}

#[cfg(test)]
mod tests {
    use super::{Dialect, Records, read};

    #[test]
    fn records_come_one_by_one_until_a_mistake() {
        let mut records = Records::new(b"a,b\n\n1,2\n3\n", Dialect::default()).expect("a delimiter");
        assert_eq!(records.next(), Some(Ok(vec![b"a".to_vec(), b"b".to_vec()])));
        assert_eq!(records.next(), Some(Ok(vec![b"1".to_vec(), b"2".to_vec()])));
        let mistake = records.next().expect("another line").expect_err("too short");
        assert_eq!(mistake.to_string(), "record on line 4: wrong number of fields");
    }

    #[test]
    fn some_characters_are_no_delimiters() {
        let mistake = read(b"a", Dialect { delimiter: '"', lazy_quotes: false }).expect_err("a quote");
        assert_eq!(mistake.to_string(), "csv: invalid field or comment delimiter");
    }
}
