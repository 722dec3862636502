//! Cutting bytes into lines, whatever the chunks that they come in.

use forebay_sdk::{BlockWriter, Error};
use memchr::memchr;
use memchr::memmem::Finder;

/// Cuts bytes at a delimiter. What follows the last one is kept until more bytes come.
#[derive(Debug)]
pub(crate) struct Cutter {
    delimiter: Delimiter,
    /// A line of this many bytes or more is an error.
    limit: usize,
    omit_empty: bool,
    /// The start of a line whose end has not come.
    rest: Vec<u8>,
    /// How far `rest` is known to hold no delimiter.
    searched: usize,
}

#[derive(Debug)]
enum Delimiter {
    /// A line feed; a carriage return before it belongs to it.
    Line,
    Custom(Box<Finder<'static>>),
}

impl Cutter {
    /// Lines end at line feeds where `delimiter` is empty.
    pub(crate) fn new(delimiter: &str, limit: usize, omit_empty: bool) -> Self {
        let delimiter = if delimiter.is_empty() {
            Delimiter::Line
        } else {
            Delimiter::Custom(Box::new(Finder::new(delimiter.as_bytes()).into_owned()))
        };
        Self { delimiter, limit, omit_empty, rest: Vec::new(), searched: 0 }
    }

    /// Adds the lines that end in `bytes`.
    pub(crate) fn cut(&mut self, bytes: &[u8], lines: &mut BlockWriter) -> Result<(), Error> {
        let Self { delimiter, limit, omit_empty, rest, searched } = self;
        let mut start = 0;
        if !rest.is_empty() {
            // Only the first line of these bytes can begin before them.
            let old = rest.len();
            rest.extend_from_slice(&bytes[..delimiter.enough(bytes)]);
            let Some(end) = delimiter.find(&rest[*searched..]).map(|found| *searched + found) else {
                *searched = (rest.len() + 1).saturating_sub(delimiter.len());
                return check(rest.len(), *limit);
            };
            check(end + delimiter.len() - 1, *limit)?;
            delimiter.push(&rest[..end], *omit_empty, lines);
            start = end + delimiter.len() - old;
            rest.clear();
        }
        while let Some(found) = delimiter.find(&bytes[start..]) {
            check(found + delimiter.len() - 1, *limit)?;
            delimiter.push(&bytes[start..start + found], *omit_empty, lines);
            start += found + delimiter.len();
        }
        rest.extend_from_slice(&bytes[start..]);
        *searched = (rest.len() + 1).saturating_sub(delimiter.len());
        check(rest.len(), *limit)
    }

    /// Adds what follows the last delimiter, unless there is nothing.
    pub(crate) fn end(&mut self, lines: &mut BlockWriter) {
        if !self.rest.is_empty() {
            self.delimiter.push(&self.rest, self.omit_empty, lines);
        }
        self.rest.clear();
        self.searched = 0;
    }
}

impl Delimiter {
    fn len(&self) -> usize {
        match self {
            Self::Line => 1,
            Self::Custom(finder) => finder.needle().len(),
        }
    }

    fn find(&self, bytes: &[u8]) -> Option<usize> {
        match self {
            Self::Line => memchr(b'\n', bytes),
            Self::Custom(finder) => finder.find(bytes),
        }
    }

    /// How many of these bytes are enough to find the end of a line that began before them.
    fn enough(&self, bytes: &[u8]) -> usize {
        match self {
            Self::Line => memchr(b'\n', bytes).map_or(bytes.len(), |end| end + 1),
            // The delimiter may have begun before them, too.
            Self::Custom(_) => bytes.len(),
        }
    }

    fn push(&self, line: &[u8], omit_empty: bool, lines: &mut BlockWriter) {
        let line = match self {
            Self::Line => line.strip_suffix(b"\r").unwrap_or(line),
            Self::Custom(_) => line,
        };
        if !(omit_empty && line.is_empty()) {
            lines.push(line);
        }
    }
}

/// A line must fit, with its delimiter, into the configured buffer.
fn check(length: usize, limit: usize) -> Result<(), Error> {
    if length < limit {
        return Ok(());
    }
    Err(Error::new(format!("token too long: a line has {limit} bytes or more; raise max_buffer_size")))
}

#[cfg(test)]
mod tests {
    use forebay_sdk::{Batch, BlockWriter, testing};
    use proptest::prelude::*;

    use super::Cutter;

    fn cut<'a>(
        mut cutter: Cutter,
        chunks: impl IntoIterator<Item = &'a [u8]>,
    ) -> Result<Vec<String>, String> {
        let mut lines = BlockWriter::with_capacity(0, 0);
        for chunk in chunks {
            cutter.cut(chunk, &mut lines).map_err(|error| error.to_string())?;
        }
        cutter.end(&mut lines);
        Ok(testing::texts(&Batch::from_block(lines)))
    }

    fn lines(text: &str) -> Vec<String> {
        cut(Cutter::new("", 100, false), [text.as_bytes()]).expect("no line is too long")
    }

    #[test]
    fn a_last_line_needs_no_line_feed() {
        assert_eq!(lines("a\nb"), ["a", "b"]);
        assert_eq!(lines("a\nb\n"), ["a", "b"]);
        assert_eq!(lines("\n"), [""]);
        assert!(lines("").is_empty());
    }

    #[test]
    fn a_carriage_return_belongs_to_the_line_feed() {
        assert_eq!(lines("a\r\nb\rc\r\n\r\nd\r"), ["a", "b\rc", "", "d"]);
        let custom = cut(Cutter::new("|", 100, false), ["a\r|b\n|".as_bytes()]);
        assert_eq!(custom.expect("no line is too long"), ["a\r", "b\n"]);
    }

    #[test]
    fn empty_lines_are_omitted_on_request() {
        let lines = cut(Cutter::new("", 100, true), ["a\n\n\r\nb\n".as_bytes()]);
        assert_eq!(lines.expect("no line is too long"), ["a", "b"]);
    }

    #[test]
    fn a_line_that_fills_the_buffer_is_too_long() {
        let scan = |text: &str| cut(Cutter::new("", 4, false), [text.as_bytes()]);
        assert_eq!(scan("abc\n").expect("it fits"), ["abc"]);
        assert!(scan("abcd\n").unwrap_err().starts_with("token too long"));
        assert!(scan("abcd").unwrap_err().starts_with("token too long"));
    }

    proptest! {
        #[test]
        fn the_bounds_of_chunks_do_not_matter(
            text in "[ab|\r\n]{0,60}",
            delimiter in "\\|?a?\\|?",
            size in 1_usize..9,
            omit_empty: bool,
        ) {
            let cutter = || Cutter::new(&delimiter, 1000, omit_empty);
            let whole = cut(cutter(), [text.as_bytes()]);
            let pieces = cut(cutter(), text.as_bytes().chunks(size));
            prop_assert_eq!(&whole, &pieces);
            if delimiter.is_empty() && !omit_empty {
                let expected: Vec<_> = text
                    .split_terminator('\n')
                    .map(|line| line.strip_suffix('\r').unwrap_or(line).to_owned())
                    .collect();
                prop_assert_eq!(whole, Ok(expected));
            }
        }
    }
}
