use std::collections::HashMap;
use std::sync::Arc;

use forebay_columns::Run;

use crate::Columns;
use crate::rows::Rows;

/// The different columns that parts are of: there may be very many parts, of few.
#[derive(Debug)]
pub(crate) struct Sources<'b> {
    parts: &'b [Rows],
    /// In the order in which parts need them.
    pub(crate) columns: Vec<&'b Arc<Columns>>,
    /// For every part, which of them it is of.
    each: Vec<u32>,
}

/// Up to so many a look at each is cheaper than a table.
const FEW: usize = 8;
/// Bytes that are kept for a part.
const PART_BYTES: usize = size_of::<u32>();
/// Bytes that are kept at most for columns: where they are, and twice that with their place in a table that has grown.
const SOURCE_BYTES: usize = 64;

impl<'b> Sources<'b> {
    pub(crate) fn of(parts: &'b [Rows]) -> Self {
        let mut columns: Vec<&Arc<Columns>> = Vec::new();
        let mut table = HashMap::new();
        let mut each = Vec::with_capacity(parts.len());
        for part in parts {
            let known = if columns.len() <= FEW {
                columns.iter().position(|known| Arc::ptr_eq(known, &part.columns))
            } else {
                table.get(&Arc::as_ptr(&part.columns)).copied()
            };
            let source = known.unwrap_or_else(|| {
                table.insert(Arc::as_ptr(&part.columns), columns.len());
                columns.push(&part.columns);
                columns.len() - 1
            });
            each.push(u32::try_from(source).expect("there are fewer parts than messages"));
        }
        Self { parts, columns, each }
    }

    /// Every part, and which of the columns it is of.
    pub(crate) fn parts(&self) -> impl Iterator<Item = (&'b Rows, usize)> + Clone {
        self.parts.iter().zip(&self.each).map(|(part, source)| (part, *source as usize))
    }

    /// The messages of all parts in order, as many at once as follow one another.
    pub(crate) fn runs(&self) -> impl Iterator<Item = Run> + Clone {
        self.parts().flat_map(|(part, source)| part.runs().map(move |rows| Run { source, rows }))
    }

    /// Bytes that are kept while the parts become one block, besides that block.
    pub(crate) fn kept(&self) -> usize {
        self.each.len() * PART_BYTES + self.columns.len() * (SOURCE_BYTES + forebay_columns::SOURCE_BYTES)
    }

    /// The same rows, of changed columns: what was shared stays shared.
    pub(crate) fn changed(&self, change: impl Fn(&Arc<Columns>) -> Arc<Columns>) -> Vec<Rows> {
        let changed: Vec<_> = self.columns.iter().map(|columns| change(columns)).collect();
        self.parts().map(|(part, source)| part.with_columns(Arc::clone(&changed[source]))).collect()
    }
}
