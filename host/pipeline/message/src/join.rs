//! Messages of several parts, as one block.

use bytes::Bytes;
use forebay_columns::{ColumnId, Source};

use crate::responses::Stores;
use crate::sources::Sources;
use crate::{Batch, Columns, Origins};

impl Batch {
    /// A block with at least the columns of `mask` that there are, and always a header.
    #[must_use]
    pub fn block(&self, mask: u32) -> Bytes {
        match self.single() {
            Some(columns) => columns.block(mask),
            None => self.join(mask),
        }
    }

    /// The columns of `mask` for exactly these messages, shared where they are one set already: then there may be
    /// others as well. Nobody waits for responses to them.
    pub(crate) fn columns(&self, mask: u32) -> Columns {
        match self.single() {
            Some(columns) => columns.clone().with_stores(Stores::None),
            None => Columns::trusted(self.join(mask)),
        }
    }

    /// One set of columns with exactly these messages: shared where they are one already.
    pub(crate) fn joined(&self) -> Columns {
        match self.single() {
            Some(columns) => columns.clone(),
            None => {
                Columns::trusted(self.join(u32::MAX)).with_stores(self.stores_of(&Origins::Same, self.len()))
            }
        }
    }

    /// The columns, when this batch is all of them.
    pub(crate) fn single(&self) -> Option<&Columns> {
        match self.parts() {
            [part] if part.is_all() => Some(&part.columns),
            _ => None,
        }
    }

    fn join(&self, mask: u32) -> Bytes {
        let sources = Sources::of(self.parts());
        let columns: Vec<_> = sources.columns.iter().map(|columns| source(columns)).collect();
        forebay_columns::join(&columns, sources.runs(), mask, self.independent()).into()
    }
}

fn source(columns: &Columns) -> Source<'_> {
    Source {
        payload: columns.payload(),
        nulls: columns.nulls(),
        metadata: columns.metadata(),
        errors: columns.sparse(ColumnId::ERRORS),
        traces: columns.sparse(ColumnId::TRACES),
    }
}
