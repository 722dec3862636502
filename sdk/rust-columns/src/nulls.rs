use crate::{LayoutError, Part, wide};

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

    /// The column of the messages of `parts`, `None` where there is no tombstone among them.
    pub(crate) fn join(parts: &[Part<'_>], messages: usize) -> Option<Vec<u8>> {
        let mut bits = None;
        let mut start = 0;
        for part in parts {
            // Most columns have no tombstone.
            let nulls = part.nulls.filter(|nulls| nulls.bits.iter().any(|byte| *byte != 0));
            for rows in &part.rows {
                if let Some(nulls) = nulls {
                    for row in rows.clone().filter(|row| nulls.get(*row)) {
                        let at = start + row - rows.start;
                        let bits = bits.get_or_insert_with(|| vec![0_u8; messages.div_ceil(8)]);
                        bits[at / 8] |= 1 << (at % 8);
                    }
                }
                start += rows.len();
            }
        }
        bits
    }
}
