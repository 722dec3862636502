use crate::{LayoutError, wide};

/// A view of the nulls column: which messages are tombstones.
#[derive(Debug, Clone, Copy)]
pub struct Nulls<'a> {
    bits: &'a [u8],
}

impl<'a> Nulls<'a> {
    /// Checks and views a column for `messages` messages.
    ///
    /// # Errors
    /// When it has another length.
    pub fn parse(column: &'a [u8], messages: u32) -> Result<Self, LayoutError> {
        let expected = wide(messages).div_ceil(8);
        if column.len() != expected {
            let problem = format!("expected {expected} bytes, got {}", column.len());
            return Err(LayoutError::new("nulls", problem));
        }
        Ok(Self { bits: column })
    }

    /// Whether message `index` is a tombstone.
    #[must_use]
    pub fn get(&self, index: usize) -> bool {
        self.bits.get(index / 8).is_some_and(|byte| byte >> (index % 8) & 1 == 1)
    }
}
