//! Rows of CSV, as Go's `encoding/csv` writes them.

use forebay_json::{Json, JsonError};
use forebay_sdk::Error;

use super::members::Members;
use crate::budget::BYTES;

/// What separates fields, from the text behind `csv:`: one character that means nothing else.
pub(super) fn delimiter(text: &str) -> Option<char> {
    let mut characters = text.chars();
    let (delimiter, None) = (characters.next()?, characters.next()) else { return None };
    (!matches!(delimiter, '"' | '\r' | '\n' | char::REPLACEMENT_CHARACTER)).then_some(delimiter)
}

/// A table to which rows are added.
pub(super) struct Table {
    delimiter: char,
    kind: Kind,
    /// The fields of the row that is written, by its columns.
    found: Vec<Option<(usize, usize)>>,
}

enum Kind {
    /// Nothing was written; with the columns of the configuration, if there are any.
    Empty(Vec<String>),
    Objects(Vec<String>),
    Arrays,
}

fn unreadable(error: JsonError) -> Error {
    Error::new(format!("failed to parse message as JSON: {error}"))
}

impl Table {
    pub(super) fn new(delimiter: char, columns: &[String]) -> Self {
        Self { delimiter, kind: Kind::Empty(columns.to_vec()), found: Vec::new() }
    }

    /// Adds a row for each message.
    pub(super) fn rows(&mut self, members: &Members<'_>, out: &mut Vec<u8>) -> Result<(), Error> {
        let start = out.len();
        for member in members.iter() {
            let json = Json::of(member.bytes).map_err(unreadable)?;
            if let Kind::Empty(columns) = &mut self.kind {
                let columns = std::mem::take(columns);
                self.begin(columns, json, out)?;
            }
            self.row(json, out)?;
            if out.len() - start > BYTES {
                return Err(Error::new(format!("the rows of a batch hold more than {BYTES} bytes")));
            }
        }
        Ok(())
    }

    /// Writes the first row, if there is to be one, and knows what the others are.
    fn begin(&mut self, mut columns: Vec<String>, first: Json<'_>, out: &mut Vec<u8>) -> Result<(), Error> {
        if first.first() == b'[' && columns.is_empty() {
            self.kind = Kind::Arrays;
            return Ok(());
        }
        if columns.is_empty() {
            for member in first.members() {
                let (key, _) = member.map_err(unreadable)?;
                let key = String::from_utf8_lossy(&key).into_owned();
                if !columns.contains(&key) {
                    columns.push(key);
                }
            }
        }
        let start = out.len();
        for (index, column) in columns.iter().enumerate() {
            self.field(index, column.as_bytes(), out);
        }
        if !columns.is_empty() {
            end_row(columns.len(), start, out);
        }
        self.kind = Kind::Objects(columns);
        Ok(())
    }

    fn row(&mut self, json: Json<'_>, out: &mut Vec<u8>) -> Result<(), Error> {
        let fields = match &self.kind {
            Kind::Arrays if json.first() == b'[' => {
                self.found.clear();
                for item in json.items() {
                    let item = item.map_err(unreadable)?;
                    self.found.push(Some((item.start, item.end)));
                }
                std::mem::take(&mut self.found)
            }
            Kind::Objects(columns) if json.first() == b'{' => {
                let mut found = std::mem::take(&mut self.found);
                find(columns, json, &mut found)?;
                found
            }
            Kind::Arrays => return Err(Error::new(format!("{} among rows that are arrays", json.kind()))),
            Kind::Objects(_) | Kind::Empty(_) => {
                return Err(Error::new(format!("{} can't be a row of named fields", json.kind())));
            }
        };
        let start = out.len();
        for (index, place) in fields.iter().enumerate() {
            let value = place.map(|(start, end)| Json { text: json.text, start, end });
            match value {
                None => self.field(index, b"", out),
                Some(value) if value.is_null() => self.field(index, b"", out),
                Some(value) => match value.string().map_err(unreadable)? {
                    Some(text) => self.field(index, &text, out),
                    None => self.field(index, value.bytes(), out),
                },
            }
        }
        end_row(fields.len(), start, out);
        self.found = fields;
        Ok(())
    }

    /// Writes a field, in quotes where it would be read as something else without them.
    fn field(&self, index: usize, text: &[u8], out: &mut Vec<u8>) {
        let mut delimiter = [0; 4];
        let delimiter = self.delimiter.encode_utf8(&mut delimiter).as_bytes();
        if index > 0 {
            out.extend_from_slice(delimiter);
        }
        let special = |byte: &u8| matches!(byte, b'"' | b'\r' | b'\n');
        let is_quoted = text == b"\\."
            || matches!(text.first(), Some(b' ' | b'\t' | 0x0b | 0x0c))
            || text.iter().any(special)
            || text.windows(delimiter.len()).any(|part| part == delimiter);
        if !is_quoted {
            out.extend_from_slice(text);
            return;
        }
        out.push(b'"');
        for byte in text {
            if *byte == b'"' {
                out.push(b'"');
            }
            out.push(*byte);
        }
        out.push(b'"');
    }
}

/// Ends a row with so many fields, which starts there. Readers leave out empty lines: where all of it is an empty field,
/// that is in quotes.
fn end_row(fields: usize, start: usize, out: &mut Vec<u8>) {
    if fields == 1 && out.len() == start {
        out.extend_from_slice(b"\"\"");
    }
    out.push(b'\n');
}

/// Finds the fields of a row by their columns; the last of several with one key counts.
fn find(columns: &[String], json: Json<'_>, found: &mut Vec<Option<(usize, usize)>>) -> Result<(), Error> {
    found.clear();
    found.resize(columns.len(), None);
    // Messages tend to have their keys in the same order.
    let mut guess = 0;
    for member in json.members() {
        let (key, value) = member.map_err(unreadable)?;
        let is_key = |column: &String| column.as_bytes() == &*key;
        let index = match columns.get(guess) {
            Some(column) if is_key(column) => Some(guess),
            _ => columns.iter().position(is_key),
        };
        let index = index.ok_or_else(|| {
            let key = String::from_utf8_lossy(&key);
            Error::new(format!(
                "field {key} is no column of the table: name all of them in the field `columns`, or remove it"
            ))
        })?;
        guess = index + 1;
        if let Some(place) = found.get_mut(index) {
            *place = Some((value.start, value.end));
        }
    }
    Ok(())
}
