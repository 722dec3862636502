use crate::{Dialect, Row};

/// What a line was to its record.
pub(crate) enum Parsed {
    /// The end of it.
    Complete,
    /// A quoted field goes on in the next line.
    Open,
}

/// A quote where none may stand. Columns are bytes from 1.
pub(crate) enum Misplaced {
    Quote { column: usize },
    BareQuote { column: usize },
}

/// Adds the fields of a line to a row; `quoted` where it begins inside of a quoted field.
pub(crate) fn parse(
    line: &[u8],
    mut quoted: bool,
    dialect: Dialect,
    row: &mut Row,
) -> Result<Parsed, Misplaced> {
    let mut delimiter = [0; 4];
    let delimiter = dialect.delimiter.encode_utf8(&mut delimiter).as_bytes();
    let mut rest = line;
    loop {
        if !quoted {
            if let Some(after) = rest.strip_prefix(b"\"") {
                (rest, quoted) = (after, true);
                continue;
            }
            let found = match delimiter {
                [delimiter] => memchr::memchr(*delimiter, rest),
                _ => memchr::memmem::find(rest, delimiter),
            };
            let field = rest.get(..found.unwrap_or(rest.len())).unwrap_or_default();
            if !dialect.lazy_quotes
                && let Some(at) = memchr::memchr(b'"', field)
            {
                return Err(Misplaced::BareQuote { column: line.len() - rest.len() + at + 1 });
            }
            row.extend(field);
            row.end_field();
            let Some(found) = found else { return Ok(Parsed::Complete) };
            rest = rest.get(found + delimiter.len()..).unwrap_or_default();
            continue;
        }
        let Some(at) = memchr::memchr(b'"', rest) else {
            row.extend(rest);
            return Ok(Parsed::Open);
        };
        row.extend(rest.get(..at).unwrap_or_default());
        let after = rest.get(at + 1..).unwrap_or_default();
        if let Some(more) = after.strip_prefix(b"\"") {
            row.extend(b"\"");
            rest = more;
        } else if let Some(next) = after.strip_prefix(delimiter) {
            row.end_field();
            (rest, quoted) = (next, false);
        } else if after.is_empty() {
            row.end_field();
            return Ok(Parsed::Complete);
        } else if dialect.lazy_quotes {
            row.extend(b"\"");
            rest = after;
        } else {
            return Err(Misplaced::Quote { column: line.len() - after.len() });
        }
    }
}
