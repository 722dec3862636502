use crate::{CsvError, Dialect, Fields, Reader, Row, Step};

/// How much of a text is read at once, so that no copy of all of it is made.
const CHUNK: usize = 64 * 1024;

/// The rows of a text that is there as a whole, of which all have as many fields as the first, up to the first mistake.
#[derive(Debug)]
pub struct Rows<'t> {
    reader: Reader,
    rest: &'t [u8],
    is_over: bool,
}

impl<'t> Rows<'t> {
    /// Reads nothing yet.
    ///
    /// # Errors
    /// When the delimiter is none.
    pub fn new(text: &'t [u8], dialect: Dialect) -> Result<Self, CsvError> {
        Ok(Self { reader: Reader::new(dialect, Fields::AsFirst)?, rest: text, is_over: false })
    }
}

impl Iterator for Rows<'_> {
    type Item = Result<Row, CsvError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.is_over {
            return None;
        }
        let mut row = Row::default();
        loop {
            match self.reader.next(&mut row) {
                Step::Row => return Some(Ok(row)),
                Step::Broken(error) => {
                    self.is_over = true;
                    return Some(Err(error));
                }
                Step::Wanting if self.rest.is_empty() => self.reader.finish(),
                Step::Wanting => {
                    let (chunk, rest) = self.rest.split_at(self.rest.len().min(CHUNK));
                    self.reader.push(chunk);
                    self.rest = rest;
                }
                Step::Ended => {
                    self.is_over = true;
                    return None;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{CHUNK, Rows};
    use crate::{CsvError, Dialect};

    fn fields(rows: &mut Rows<'_>) -> Option<Vec<Vec<u8>>> {
        rows.next().map(|row| row.expect("a row").fields().map(<[u8]>::to_vec).collect())
    }

    #[test]
    fn rows_come_one_by_one_until_a_mistake() {
        let mut rows = Rows::new(b"a,b\n\n1,2\n3\n4,5\n", Dialect::default()).expect("a delimiter");
        assert_eq!(fields(&mut rows), Some(vec![b"a".to_vec(), b"b".to_vec()]));
        assert_eq!(fields(&mut rows), Some(vec![b"1".to_vec(), b"2".to_vec()]));
        assert_eq!(rows.next(), Some(Err(CsvError::FieldCount { line: 4 })));
        assert_eq!(rows.next(), None);
    }

    #[test]
    fn rows_may_be_longer_than_what_is_read_at_once() {
        let long = "x\n".repeat(CHUNK);
        let text = format!("a\n\"{long}\"\nb");
        let mut rows = Rows::new(text.as_bytes(), Dialect::default()).expect("a delimiter");
        let all: Vec<_> = std::iter::from_fn(|| fields(&mut rows)).collect();
        assert_eq!(all, [b"a".to_vec(), long.into_bytes(), b"b".to_vec()].map(|field| vec![field]));
    }

    #[test]
    fn some_characters_are_no_delimiters() {
        let quotes = Dialect { delimiter: '"', ..Dialect::default() };
        assert_eq!(Rows::new(b"a", quotes).map(drop), Err(CsvError::Delimiter));
    }
}
