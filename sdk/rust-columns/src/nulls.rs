use crate::{LayoutError, Run, Source, wide};

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

    /// The column of the messages of `runs`, `None` where there is no tombstone among them.
    pub(crate) fn join(
        sources: &[Source<'_>],
        runs: impl Iterator<Item = Run>,
        messages: usize,
    ) -> Option<Vec<u8>> {
        // Most columns have no tombstone.
        let has_any = |nulls: Nulls<'_>| nulls.bits.iter().any(|byte| *byte != 0);
        if !sources.iter().any(|source| source.nulls.is_some_and(has_any)) {
            return None;
        }
        let mut bits = None;
        let mut start = 0;
        for Run { source, rows } in runs {
            if let Some(nulls) = sources[source].nulls {
                for row in rows.clone().filter(|row| nulls.get(*row)) {
                    let at = start + row - rows.start;
                    let bits = bits.get_or_insert_with(|| vec![0_u8; messages.div_ceil(8)]);
                    bits[at / 8] |= 1 << (at % 8);
                }
            }
            start += rows.len();
        }
        bits
    }
}
