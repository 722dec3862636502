use crate::line::Lines;
use crate::parse::{Misplaced, Parsed, parse};
use crate::{CsvError, Row};

/// How fields are separated, and whether quotes may stand where they should not.
#[derive(Clone, Copy, Debug)]
pub struct Dialect {
    pub delimiter: char,
    pub lazy_quotes: bool,
    /// Bytes that one record may take.
    pub limit: usize,
}

/// How many fields a record must have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fields {
    /// As many as the first.
    AsFirst,
    Exactly(usize),
}

/// What a [`Reader`] has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// A record, in the row.
    Row,
    /// A record with a mistake: the row holds the fields before it, or those whose number is wrong.
    Broken(CsvError),
    /// Nothing before there are more bytes.
    Wanting,
    Ended,
}

/// Makes rows of bytes.
#[derive(Debug)]
pub struct Reader {
    dialect: Dialect,
    fields: Fields,
    lines: Lines,
    /// How many lines were read.
    line: usize,
    /// A record whose quoted field goes on in the next line.
    open: Option<Open>,
}

#[derive(Debug, Clone, Copy)]
struct Open {
    /// The line that the record began on.
    start: usize,
    /// The column behind the last line.
    column: usize,
}

impl Default for Dialect {
    fn default() -> Self {
        Self { delimiter: ',', lazy_quotes: false, limit: usize::MAX }
    }
}

impl Reader {
    /// # Errors
    /// When the delimiter is none.
    pub fn new(dialect: Dialect, fields: Fields) -> Result<Self, CsvError> {
        if matches!(dialect.delimiter, '"' | '\r' | '\n' | '\0' | char::REPLACEMENT_CHARACTER) {
            return Err(CsvError::Delimiter);
        }
        Ok(Self { dialect, fields, lines: Lines::default(), line: 0, open: None })
    }

    pub fn push(&mut self, bytes: &[u8]) {
        self.lines.push(bytes);
    }

    /// Says that there are no more bytes.
    pub fn finish(&mut self) {
        self.lines.finish();
    }

    /// The next record. It must be given the same row until there is one.
    pub fn next(&mut self, row: &mut Row) -> Step {
        loop {
            let Some(line) = self.lines.next() else { return self.without_line(row) };
            self.line += 1;
            let open = self.open.take();
            if open.is_none() {
                if line.range.is_empty() {
                    continue;
                }
                row.clear();
            }
            let start = open.map_or(self.line, |open| open.start);
            let text = self.lines.text(&line);
            if row.size() + text.len() > self.dialect.limit {
                return self.too_long(start);
            }
            match parse(text, open.is_some(), self.dialect, row) {
                Ok(Parsed::Complete) => return self.complete(start, row),
                Ok(Parsed::Open) => {
                    if line.ended {
                        row.extend(b"\n");
                    }
                    self.open = Some(Open { start, column: text.len() + 1 + usize::from(line.ended) });
                }
                Err(Misplaced::Quote { column }) => {
                    let error = CsvError::Quote { start, line: self.line, column };
                    return self.broken(error, row);
                }
                Err(Misplaced::BareQuote { column }) => {
                    let error = CsvError::BareQuote { start, line: self.line, column };
                    return self.broken(error, row);
                }
            }
        }
    }

    fn without_line(&mut self, row: &mut Row) -> Step {
        let start = self.open.map_or(self.line + 1, |open| open.start);
        let before = if self.open.is_some() { row.size() } else { 0 };
        if before + self.lines.waiting() > self.dialect.limit {
            return self.too_long(start);
        }
        if !self.lines.is_finished() {
            return Step::Wanting;
        }
        let Some(Open { start, column }) = self.open.take() else { return Step::Ended };
        if self.dialect.lazy_quotes {
            row.end_field();
            return self.complete(start, row);
        }
        self.broken(CsvError::Quote { start, line: self.line, column }, row)
    }

    fn complete(&mut self, start: usize, row: &Row) -> Step {
        match self.fields {
            Fields::Exactly(count) if count != row.len() => {
                Step::Broken(CsvError::FieldCount { line: start })
            }
            Fields::Exactly(_) => Step::Row,
            Fields::AsFirst => {
                self.fields = Fields::Exactly(row.len());
                Step::Row
            }
        }
    }

    /// Go lets the first record say the number of fields even if it is broken.
    fn broken(&mut self, error: CsvError, row: &mut Row) -> Step {
        row.drop_unfinished();
        if self.fields == Fields::AsFirst && !row.is_empty() {
            self.fields = Fields::Exactly(row.len());
        }
        Step::Broken(error)
    }

    /// Nothing is read behind a record that is too long.
    fn too_long(&mut self, line: usize) -> Step {
        self.lines = Lines::default();
        self.lines.finish();
        self.open = None;
        Step::Broken(CsvError::TooLong { line, limit: self.dialect.limit })
    }
}

#[cfg(test)]
mod tests;
