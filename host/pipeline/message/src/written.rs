//! What messages take when they are written out.

use std::ops::Range;

use forebay_columns::ColumnId;

use crate::Batch;
use crate::rows::Rows;
use crate::sources::Sources;

/// What a message takes in a block besides what is in it: where its payload and its metadata end, and whether it is a
/// tombstone.
const ROW_BYTES: usize = 9;
/// What a text takes besides itself: the message, and where it ends.
const TEXT_BYTES: usize = 8;
/// What a block takes that is empty: a header, a table of columns, their counts, and what lies between them.
const BLOCK_BYTES: usize = 256;

impl Batch {
    /// Bytes of all messages written out one by one, with what they share counted for each, and the keys of all their
    /// metadata. What must be written anew takes as much at most; what is kept meanwhile for the parts of the batch is
    /// counted as well.
    #[must_use]
    pub fn written_size(&self) -> usize {
        let sources = Sources::of(self.parts());
        let size = messages_size(&sources);
        if self.is_scattered() { size + sources.kept() + self.len() * ROW_BYTES + BLOCK_BYTES } else { size }
    }

    /// The same for each of `count` messages like the only one of this batch, in one block of columns.
    pub(crate) fn repeated_size(&self, count: usize) -> usize {
        let one = messages_size(&Sources::of(self.parts())) + ROW_BYTES;
        count.saturating_mul(one)
    }
}

/// Bytes of what is in the messages.
fn messages_size(sources: &Sources<'_>) -> usize {
    let shared: Vec<_> =
        sources.columns.iter().map(|columns| columns.metadata().written_shared_size()).collect();
    let of_part = |(part, source): (&Rows, usize)| -> usize {
        let columns = &part.columns;
        let (payload, metadata) = (columns.payload(), columns.metadata());
        let shared = shared[source] * part.len() as usize;
        if part.is_all() {
            return columns.byte_size() + shared + metadata.own_keys_size();
        }
        let texts = [ColumnId::ERRORS, ColumnId::TRACES].map(|id| columns.sparse(id));
        let own = |rows: Range<usize>| -> usize {
            let texts = texts.iter().flatten().flat_map(|texts| texts.within(rows.clone()));
            let texts: usize = texts.map(|(_, text)| text.len() + TEXT_BYTES).sum();
            payload.range(rows.start, rows.end).len() + metadata.written_own_size(rows) + texts
        };
        shared + part.runs().map(own).sum::<usize>()
    };
    sources.parts().map(of_part).sum()
}
