use std::ops::Range;

/// Bytes as lines, whatever the chunks that they come in.
#[derive(Debug, Default)]
pub(crate) struct Lines {
    bytes: Vec<u8>,
    /// Where the next line begins.
    at: usize,
    /// Up to where it is known to hold no line feed.
    searched: usize,
    is_finished: bool,
}

/// A line without its line feed, and without the carriage return before that.
pub(crate) struct Line {
    pub(crate) range: Range<usize>,
    /// Whether it had a line feed.
    pub(crate) ended: bool,
}

impl Lines {
    pub(crate) fn push(&mut self, bytes: &[u8]) {
        self.bytes.drain(..self.at);
        self.searched -= self.at;
        self.at = 0;
        self.bytes.extend_from_slice(bytes);
    }

    /// Says that there are no more bytes.
    pub(crate) fn finish(&mut self) {
        self.is_finished = true;
    }

    pub(crate) fn is_finished(&self) -> bool {
        self.is_finished
    }

    /// How many bytes of a line wait for its end.
    pub(crate) fn waiting(&self) -> usize {
        self.bytes.len() - self.at
    }

    /// The next line; without a line feed only at the end of the bytes.
    pub(crate) fn next(&mut self) -> Option<Line> {
        let rest = self.bytes.get(self.searched..).unwrap_or_default();
        let (end, after, ended) = match memchr::memchr(b'\n', rest) {
            Some(found) => (self.searched + found, self.searched + found + 1, true),
            None if self.is_finished && self.at < self.bytes.len() => {
                (self.bytes.len(), self.bytes.len(), false)
            }
            None => {
                self.searched = self.bytes.len();
                return None;
            }
        };
        let start = std::mem::replace(&mut self.at, after);
        self.searched = after;
        let carriage = end > start && self.bytes.get(end - 1) == Some(&b'\r');
        Some(Line { range: start..end - usize::from(carriage), ended })
    }

    pub(crate) fn text(&self, line: &Line) -> &[u8] {
        self.bytes.get(line.range.clone()).unwrap_or_default()
    }
}
