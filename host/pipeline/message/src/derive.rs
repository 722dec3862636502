use bytes::Bytes;
use forebay_columns::{ColumnId, LayoutError};

use crate::{Batch, Columns, Origins, OriginsError};

/// Why a batch can't be derived from another.
#[derive(Debug)]
pub enum DeriveError {
    Layout(LayoutError),
    Origins(OriginsError),
    /// What the columns that are missing would take.
    TooLarge {
        size: usize,
        limit: usize,
    },
}

impl Batch {
    /// A batch of the columns in `block`, which takes every column that is missing there from the
    /// message of `self` that `origins` names (of several, and with `Whole`: from the first one). Payload and nulls go
    /// together; whether messages stand for themselves is what the block says.
    ///
    /// # Errors
    /// When the block breaks the layout, `origins` do not fit the two batches, or what has to be written out
    /// for them takes more than `limit` bytes. Nothing of that size is made before.
    pub fn derive(&self, block: Bytes, origins: &Origins, limit: usize) -> Result<Self, DeriveError> {
        let mut columns = Columns::from_partial_block(block).map_err(DeriveError::Layout)?;
        let length = columns.messages() as usize;
        origins.check(length, self.len()).map_err(DeriveError::Origins)?;
        columns = columns.with_stores(self.stores_of(origins, length));
        let needs_payload = columns.get(ColumnId::PAYLOAD).is_none();
        let mut missing = self.mask() & !columns.mask();
        if !needs_payload {
            // Whether a message is a tombstone is a matter of its payload.
            missing &= !ColumnId::NULLS.bit();
        }
        if missing == 0 && !needs_payload {
            return Ok(Self::from_columns(columns));
        }
        let rows = match origins {
            Origins::Same => self.clone(),
            Origins::Each(rows) => self.rows(rows, limit)?,
            Origins::Sets(sets) => {
                self.rows(&sets.iter().filter_map(|set| set.first().copied()).collect::<Vec<_>>(), limit)?
            }
            Origins::Whole if self.is_empty() && length > 0 => {
                return Err(DeriveError::Origins(OriginsError::OutOfRange));
            }
            Origins::Whole => {
                let out_of_range = || DeriveError::Origins(OriginsError::OutOfRange);
                let first = self.select(&[0][..length.min(1)]).ok_or_else(out_of_range)?;
                check_size(first.repeated_size(length).saturating_add(length * INDEX), limit)?;
                self.select(&vec![0; length]).ok_or_else(out_of_range)?
            }
        };
        // A payload that the block brings with it need not be written out once more.
        let inherited = rows.columns(missing);
        // An empty source has no payload column to inherit, and needs none.
        columns.take(&inherited, missing);
        if columns.get(ColumnId::PAYLOAD).is_none() {
            columns.set(ColumnId::PAYLOAD, Bytes::new());
        }
        Ok(Self::from_columns(columns))
    }

    /// The messages with these indexes, if writing them out takes no more than `limit` bytes.
    fn rows(&self, indexes: &[u32], limit: usize) -> Result<Self, DeriveError> {
        check_size(indexes.len() * INDEX, limit)?;
        let rows = self.select(indexes).ok_or(DeriveError::Origins(OriginsError::OutOfRange))?;
        check_size(rows.written_size(), limit)?;
        Ok(rows)
    }
}

/// What every row takes while it is chosen: its index, twice.
const INDEX: usize = 2 * size_of::<u32>();

fn check_size(size: usize, limit: usize) -> Result<(), DeriveError> {
    if size > limit { Err(DeriveError::TooLarge { size, limit }) } else { Ok(()) }
}

impl std::fmt::Display for DeriveError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Layout(error) => error.fmt(f),
            Self::Origins(error) => error.fmt(f),
            Self::TooLarge { size, limit } => {
                write!(f, "a batch of {size} bytes is to be written out, the limit is {limit}")
            }
        }
    }
}

impl std::error::Error for DeriveError {}
