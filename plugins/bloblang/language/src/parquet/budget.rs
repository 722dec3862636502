//! How much may be made of one file.

use crate::limits::{ELEMENTS, TEXT_BYTES};

/// What is left: a page of some bytes can stand for millions of values, or hold hundreds of megabytes.
#[derive(Debug)]
pub(super) struct Budget {
    values: usize,
    bytes: usize,
    stored: usize,
}

impl Budget {
    /// For a file of so many bytes.
    pub(super) fn new(stored: usize) -> Self {
        Self { values: ELEMENTS, bytes: TEXT_BYTES, stored }
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

    /// The bytes that are left for pages and what is made of them.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Takes so many bytes of a page, or of values that are longer than what is written down of them.
    pub(super) fn made(&mut self, bytes: usize) -> Result<(), String> {
        self.bytes = self
            .bytes
            .checked_sub(bytes)
            .ok_or_else(|| format!("the content is longer than {TEXT_BYTES} bytes"))?;
        Ok(())
    }
}
