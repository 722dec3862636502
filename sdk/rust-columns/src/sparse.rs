use std::ops::Range;

use crate::error::{check_ends, split, utf8};
use crate::{LayoutError, Run, Source, narrow, u32_at, wide};

/// A view of a column of texts that few messages have.
#[derive(Debug, Clone, Copy)]
pub struct Sparse<'a> {
    entries: &'a [u8],
    text: &'a [u8],
}

const ENTRY: usize = 8;

impl<'a> Sparse<'a> {
    /// Checks and views a column for `messages` messages; `column` names it in errors.
    ///
    /// # Errors
    /// When the messages do not rise or are out of range, ends fall, or a text is not UTF-8.
    pub fn parse(name: &'static str, column: &'a [u8], messages: u32) -> Result<Self, LayoutError> {
        let view = Self::tables(name, column)?;
        let Self { entries, text } = view;
        let count = entries.len() / ENTRY;
        let mut least = 0;
        for entry in entries.chunks_exact(ENTRY) {
            let message = u32_at(entry, 0);
            if message < least || message >= messages {
                let problem = format!("message {message} is out of order or not one of {messages}");
                return Err(LayoutError::new(name, problem));
            }
            least = message + 1;
        }
        check_ends(name, entries, ENTRY, 4, count, text.len())?;
        for entry in 0..count {
            utf8(name, view.bytes_of(entry))?;
        }
        Ok(view)
    }

    /// Views a column that [`Sparse::parse`] has accepted before.
    #[must_use]
    pub fn trusted(column: &'a [u8]) -> Self {
        Self::tables("texts", column).expect("checked before")
    }

    fn tables(name: &'static str, column: &'a [u8]) -> Result<Self, LayoutError> {
        let (count, rest) = split(name, column, 4, "the count")?;
        let table = wide(u32_at(count, 0)).checked_mul(ENTRY);
        let table = table.ok_or_else(|| LayoutError::new(name, "the count is too large"))?;
        let (entries, text) = split(name, rest, table, "the table of entries")?;
        Ok(Self { entries, text })
    }

    /// The text of message `index`.
    #[must_use]
    pub fn get(&self, index: usize) -> Option<&'a str> {
        let at = self.first_from(index);
        (at < self.entries.len() / ENTRY && self.message_of(at) == index).then(|| self.text_of(at))
    }

    /// The messages of a range that have a text, in order.
    pub fn within(self, messages: Range<usize>) -> impl Iterator<Item = (usize, &'a str)> {
        (self.first_from(messages.start)..self.entries.len() / ENTRY)
            .map(move |entry| (self.message_of(entry), entry))
            .take_while(move |(message, _)| *message < messages.end)
            .map(move |(message, entry)| (message, self.text_of(entry)))
    }

    /// The texts of the messages of `runs`, each source of which has them in the column that `column` picks.
    pub(crate) fn join(
        sources: &[Source<'a>],
        runs: impl Iterator<Item = Run>,
        column: impl Fn(&Source<'a>) -> Option<Self>,
    ) -> Option<SparseWriter> {
        if !sources.iter().any(|source| column(source).is_some()) {
            return None;
        }
        let mut writer = SparseWriter::default();
        let mut start = 0;
        for Run { source, rows } in runs {
            if let Some(texts) = column(&sources[source]) {
                for (message, text) in texts.within(rows.clone()) {
                    writer.push(start + message - rows.start, text);
                }
            }
            start += rows.len();
        }
        (!writer.is_empty()).then_some(writer)
    }

    /// The messages that have a text, in order.
    pub fn iter(self) -> impl Iterator<Item = (usize, &'a str)> {
        (0..self.entries.len() / ENTRY).map(move |entry| (self.message_of(entry), self.text_of(entry)))
    }

    /// The first entry of message `index` or one behind it.
    fn first_from(&self, index: usize) -> usize {
        let (mut low, mut high) = (0, self.entries.len() / ENTRY);
        while low < high {
            let middle = usize::midpoint(low, high);
            if self.message_of(middle) < index { low = middle + 1 } else { high = middle }
        }
        low
    }

    fn message_of(&self, entry: usize) -> usize {
        wide(u32_at(self.entries, entry * ENTRY))
    }

    fn text_of(&self, entry: usize) -> &'a str {
        std::str::from_utf8(self.bytes_of(entry)).expect("checked when the view was made")
    }

    fn bytes_of(&self, entry: usize) -> &'a [u8] {
        let start = if entry == 0 { 0 } else { self.end_of(entry - 1) };
        &self.text[start..self.end_of(entry)]
    }

    fn end_of(&self, entry: usize) -> usize {
        wide(u32_at(self.entries, entry * ENTRY + 4))
    }
}

/// Writes a column of texts that few messages have.
#[derive(Debug, Default, Clone)]
pub struct SparseWriter {
    entries: Vec<(u32, u32)>,
    text: String,
}

impl SparseWriter {
    /// Sets the text of message `index`, which must be larger than any index before it.
    ///
    /// # Panics
    /// When it is not: nobody could read the column.
    pub fn push(&mut self, index: usize, text: &str) {
        let rises = self.entries.last().is_none_or(|(last, _)| wide(*last) < index);
        assert!(rises, "indexes of texts rise, {index} does not");
        self.text.push_str(text);
        self.entries.push((narrow(index), narrow(self.text.len())));
    }

    /// Whether no message has a text.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Appends the column to `buffer`.
    pub fn write(&self, buffer: &mut Vec<u8>) {
        buffer.extend_from_slice(&narrow(self.entries.len()).to_le_bytes());
        for (message, end) in &self.entries {
            buffer.extend_from_slice(&message.to_le_bytes());
            buffer.extend_from_slice(&end.to_le_bytes());
        }
        buffer.extend_from_slice(self.text.as_bytes());
    }
}
