//! How much may be made of one file: a page of some bytes can stand for millions of values, or hold hundreds of
//! megabytes.
//!
//! Two things are counted. What is done is taken for good: values, bytes of pages. What is held in memory is taken for a
//! while, a `Span`, and given back behind it.

use crate::limits::{ELEMENTS, TEXT_BYTES};

/// The bytes that may be held at once: 128 MiB where addresses have 32 bits, which is half of what an instance of the plugin
/// has. Values are about twice as large where addresses are, so that the same files can be read there.
const HELD: usize = 32 * 1024 * 1024 * size_of::<usize>();

/// The least that a compressed page counts as bytes: decoders make tables before they read anything.
const PAGE: usize = 16 * 1024;

/// What a piece of memory takes beside its content: two counters, and two words of the allocator.
pub(super) const PIECE: usize = 4 * size_of::<usize>();
/// What an array or an object takes beside its members.
pub(super) const CONTAINER: usize = PIECE + size_of::<Vec<()>>() + 2 * size_of::<usize>();

/// For how long something is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Span {
    Page,
    RowGroup,
    File,
}

/// What is left.
#[derive(Debug)]
pub(super) struct Budget {
    values: usize,
    bytes: usize,
    stored: usize,
    room: usize,
    /// What has been taken of `room` for the page, and for the row group.
    page: usize,
    row_group: usize,
}

impl Budget {
    /// For a file of so many bytes.
    pub(super) fn new(stored: usize) -> Self {
        Self { values: ELEMENTS, bytes: TEXT_BYTES, stored, room: HELD, page: 0, row_group: 0 }
    }

    /// Takes bytes of the file, all of which are read once at most: columns that share their pages would be a way to have
    /// much read for little.
    pub(super) fn stored(&mut self, bytes: usize) -> Result<(), String> {
        self.stored = self.stored.checked_sub(bytes).ok_or("columns share their pages")?;
        Ok(())
    }

    /// Takes so many values, nulls included.
    pub(super) fn values(&mut self, count: usize) -> Result<(), String> {
        self.values = self
            .values
            .checked_sub(count)
            .ok_or_else(|| format!("the file has more than {ELEMENTS} values"))?;
        Ok(())
    }

    /// The most bytes that a page may be decompressed to. While they grow, they may take three times as much.
    pub(super) fn page(&self) -> usize {
        self.bytes.min(self.room / 3)
    }

    /// Takes the bytes of a compressed page; `least` are taken for a short one.
    pub(super) fn decompressed(&mut self, bytes: usize, least: usize) -> Result<(), String> {
        self.made(bytes.max(least).max(PAGE))?;
        self.hold(Span::Page, bytes)
    }

    /// Takes so many bytes of values that are longer than what is written down of them.
    pub(super) fn made(&mut self, bytes: usize) -> Result<(), String> {
        self.bytes = self
            .bytes
            .checked_sub(bytes)
            .ok_or_else(|| format!("the content is longer than {TEXT_BYTES} bytes"))?;
        Ok(())
    }

    /// Takes so many bytes of memory.
    pub(super) fn hold(&mut self, span: Span, bytes: usize) -> Result<(), String> {
        self.room =
            self.room.checked_sub(bytes).ok_or_else(|| format!("the rows take more than {HELD} bytes"))?;
        match span {
            Span::Page => self.page += bytes,
            Span::RowGroup => self.row_group += bytes,
            Span::File => {}
        }
        Ok(())
    }

    /// Gives back what was held for a page.
    pub(super) fn end_page(&mut self) {
        self.room += std::mem::take(&mut self.page);
    }

    /// Gives back what was held for a row group.
    pub(super) fn end_row_group(&mut self) {
        self.room += std::mem::take(&mut self.row_group);
    }
}

#[cfg(test)]
mod tests {
    use super::{Budget, HELD, Span};

    #[test]
    fn what_is_held_is_given_back_at_the_end_of_its_span() {
        let mut budget = Budget::new(0);
        for (span, bytes) in [(Span::Page, 10), (Span::RowGroup, 20), (Span::File, HELD - 30)] {
            budget.hold(span, bytes).expect("room");
        }
        for span in [Span::Page, Span::RowGroup, Span::File] {
            assert_eq!(budget.hold(span, 1), Err(format!("the rows take more than {HELD} bytes")));
        }
        budget.end_page();
        assert!(budget.hold(Span::Page, 11).is_err());
        budget.end_row_group();
        assert!(budget.hold(Span::Page, 30).is_ok());
        assert!(budget.hold(Span::Page, usize::MAX).is_err());
    }

    #[test]
    fn small_pages_are_not_free() {
        let mut budget = Budget::new(0);
        let pages = (0..100_000).take_while(|_| budget.decompressed(1, 0).is_ok()).count();
        assert_eq!(pages, 16_384);
    }
}
