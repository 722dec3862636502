//! Text that may not be UTF-8, made fit for the engine.

use std::borrow::Cow;

/// Text in which every byte that is not part of a character was replaced by U+FFFD, and where it was.
#[derive(Debug)]
pub(super) struct Repaired<'t> {
    text: Cow<'t, str>,
    /// Ends of the replaced bytes in the new text, ascending; each is two bytes further on than it was.
    replaced: Vec<usize>,
}

impl<'t> Repaired<'t> {
    pub(super) fn of(bytes: &'t [u8]) -> Self {
        if let Ok(text) = std::str::from_utf8(bytes) {
            return Self { text: Cow::Borrowed(text), replaced: Vec::new() };
        }
        let mut text = String::with_capacity(bytes.len() + 16);
        let mut replaced = Vec::new();
        for chunk in bytes.utf8_chunks() {
            text.push_str(chunk.valid());
            for _ in chunk.invalid() {
                text.push(char::REPLACEMENT_CHARACTER);
                replaced.push(text.len());
            }
        }
        Self { text: Cow::Owned(text), replaced }
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// Where a place of the new text was in the old one.
    pub(super) fn place(&self, place: usize) -> usize {
        place - 2 * self.replaced.partition_point(|end| *end <= place)
    }
}
