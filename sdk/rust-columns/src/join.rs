use std::ops::Range;

use crate::block::{Entry, write_header};
use crate::metadata::MetadataJoin;
use crate::{ColumnId, ENTRY_BYTES, HEADER_BYTES, Metadata, Nulls, Payload, Sparse, narrow};

/// Messages of columns that go into a block of their own, maybe with others.
#[derive(Debug, Clone)]
pub struct Part<'a> {
    pub payload: Payload<'a>,
    pub nulls: Option<Nulls<'a>>,
    pub metadata: Metadata<'a>,
    pub errors: Option<Sparse<'a>>,
    pub traces: Option<Sparse<'a>>,
    /// The messages in their order, in ranges of those that the columns are for. None is empty.
    pub rows: Vec<Range<usize>>,
}

/// The columns that this knows.
const KNOWN: usize = 5;

/// A block of the messages of `parts`, one after the other, with those columns of `mask` that some
/// message has something in. Payload and nulls go together.
///
/// Nothing is written message by message: what lies side by side is copied at once. Metadata that all
/// parts share stays shared.
///
/// # Panics
/// When a range is not one of the columns, or the block would have 4 GiB.
#[must_use]
pub fn join(parts: &[Part<'_>], mask: u32, independent: bool) -> Vec<u8> {
    let wants = |id: ColumnId| mask & id.bit() != 0;
    let rows = || parts.iter().flat_map(|part| part.rows.iter().map(move |rows| (part, rows)));
    let messages: usize = rows().map(|(_, rows)| rows.len()).sum();
    let metadata = wants(ColumnId::METADATA).then(|| MetadataJoin::of(parts));
    let metadata = metadata.filter(|metadata| !metadata.is_empty());
    let mut size = HEADER_BYTES + KNOWN * (ENTRY_BYTES + 8) + messages / 8;
    if wants(ColumnId::PAYLOAD) {
        size += rows().map(|(part, rows)| part.payload.range(rows.start, rows.end).len()).sum::<usize>();
        size += messages * 4;
    }
    size += metadata.as_ref().map_or(0, MetadataJoin::size);

    let mut buffer = Vec::with_capacity(size);
    buffer.resize(HEADER_BYTES + KNOWN * ENTRY_BYTES, 0);
    let mut entries = Vec::with_capacity(KNOWN);
    let mut add = |id: ColumnId, write: &mut dyn FnMut(&mut Vec<u8>)| {
        buffer.resize(buffer.len().next_multiple_of(8), 0);
        let start = buffer.len();
        write(&mut buffer);
        entries.push(Entry { id, range: start..buffer.len() });
    };
    if wants(ColumnId::PAYLOAD) {
        add(ColumnId::PAYLOAD, &mut |buffer| Payload::join(parts, buffer));
    }
    if (wants(ColumnId::PAYLOAD) || wants(ColumnId::NULLS))
        && let Some(nulls) = Nulls::join(parts, messages)
    {
        add(ColumnId::NULLS, &mut |buffer| buffer.extend_from_slice(&nulls));
    }
    if let Some(metadata) = metadata {
        add(ColumnId::METADATA, &mut |buffer| metadata.write(buffer));
    }
    if wants(ColumnId::ERRORS)
        && let Some(errors) = Sparse::join(parts, |part| part.errors)
    {
        add(ColumnId::ERRORS, &mut |buffer| errors.write(buffer));
    }
    if wants(ColumnId::TRACES)
        && let Some(traces) = Sparse::join(parts, |part| part.traces)
    {
        add(ColumnId::TRACES, &mut |buffer| traces.write(buffer));
    }
    write_header(&mut buffer, narrow(messages), independent, &entries);
    buffer
}
