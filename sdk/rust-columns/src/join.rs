use std::ops::Range;

use crate::block::{Entry, write_header};
use crate::metadata::MetadataJoin;
use crate::{ColumnId, ENTRY_BYTES, HEADER_BYTES, Metadata, Nulls, Payload, Sparse, metadata, narrow};

/// Columns that messages of a new block are taken from.
#[derive(Debug, Clone, Copy)]
pub struct Source<'a> {
    pub payload: Payload<'a>,
    pub nulls: Option<Nulls<'a>>,
    pub metadata: Metadata<'a>,
    pub errors: Option<Sparse<'a>>,
    pub traces: Option<Sparse<'a>>,
}

/// Messages of a source that follow one another there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// Which of the sources.
    pub source: usize,
    /// Which of its messages.
    pub rows: Range<usize>,
}

/// Bytes that [`join`] keeps for every source at most, besides what it writes and what entries of the messages
/// account for. It keeps nothing for a run.
pub const SOURCE_BYTES: usize = size_of::<Source<'_>>() + metadata::SOURCE_BYTES;

/// The columns that this knows.
const KNOWN: usize = 5;

/// A block of the messages of `runs`, one after the other, with those columns of `mask` that some
/// message has something in. Payload and nulls go together.
///
/// Nothing is written message by message: what lies side by side is copied at once. Metadata that all
/// sources share stays shared. The runs are gone through several times.
///
/// # Panics
/// When a run is not one of a source, or the block would have 4 GiB.
#[must_use]
pub fn join<R>(sources: &[Source<'_>], runs: R, mask: u32, independent: bool) -> Vec<u8>
where
    R: Iterator<Item = Run> + Clone,
{
    let wants = |id: ColumnId| mask & id.bit() != 0;
    let messages: usize = runs.clone().map(|run| run.rows.len()).sum();
    let has_metadata = || sources.iter().any(|source| !source.metadata.is_empty());
    let metadata = (wants(ColumnId::METADATA) && has_metadata())
        .then(|| MetadataJoin::of(sources, runs.clone(), messages))
        .filter(|metadata| !metadata.is_empty());
    let mut size = HEADER_BYTES + KNOWN * (ENTRY_BYTES + 8) + messages / 8;
    if wants(ColumnId::PAYLOAD) {
        let payload = |run: Run| sources[run.source].payload.range(run.rows.start, run.rows.end).len();
        size += runs.clone().map(payload).sum::<usize>() + messages * 4;
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
        add(ColumnId::PAYLOAD, &mut |buffer| Payload::join(sources, runs.clone(), buffer));
    }
    if (wants(ColumnId::PAYLOAD) || wants(ColumnId::NULLS))
        && let Some(nulls) = Nulls::join(sources, runs.clone(), messages)
    {
        add(ColumnId::NULLS, &mut |buffer| buffer.extend_from_slice(&nulls));
    }
    if let Some(metadata) = metadata {
        add(ColumnId::METADATA, &mut |buffer| metadata.write(buffer));
    }
    if wants(ColumnId::ERRORS)
        && let Some(errors) = Sparse::join(sources, runs.clone(), |source| source.errors)
    {
        add(ColumnId::ERRORS, &mut |buffer| errors.write(buffer));
    }
    if wants(ColumnId::TRACES)
        && let Some(traces) = Sparse::join(sources, runs.clone(), |source| source.traces)
    {
        add(ColumnId::TRACES, &mut |buffer| traces.write(buffer));
    }
    write_header(&mut buffer, narrow(messages), independent, &entries);
    buffer
}
