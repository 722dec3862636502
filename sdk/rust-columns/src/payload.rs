use std::ops::Range;

use crate::error::{check_ends, split};
use crate::{LayoutError, Run, Source, narrow, put_numbers, u32_at, wide};

/// A view of the payload column: the bytes of every message.
#[derive(Debug, Clone, Copy)]
pub struct Payload<'a> {
    ends: &'a [u8],
    bytes: &'a [u8],
}

impl<'a> Payload<'a> {
    /// Checks and views a column of `messages` payloads.
    ///
    /// # Errors
    /// When an end falls behind the one before it or the last end is not the number of bytes.
    pub fn parse(column: &'a [u8], messages: u32) -> Result<Self, LayoutError> {
        let (ends, bytes) = split("payload", column, wide(messages) * 4, "the table of ends")?;
        check_ends("payload", ends, 4, 0, wide(messages), bytes.len())?;
        Ok(Self { ends, bytes })
    }

    /// Views a column that [`Payload::parse`] has accepted before.
    #[must_use]
    pub fn trusted(column: &'a [u8], messages: u32) -> Self {
        let (ends, bytes) = column.split_at(wide(messages) * 4);
        Self { ends, bytes }
    }

    /// The payload of message `index`, which must be in range.
    #[must_use]
    pub fn get(&self, index: usize) -> &'a [u8] {
        &self.bytes[self.range(index, index + 1)]
    }

    /// Where the payloads of the messages from `start` up to `end` lie in [`Payload::bytes`].
    #[must_use]
    pub fn range(&self, start: usize, end: usize) -> Range<usize> {
        self.end_of(start)..self.end_of(end)
    }

    /// All payloads, without gaps.
    #[must_use]
    pub fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    fn end_of(&self, messages: usize) -> usize {
        if messages == 0 { 0 } else { wide(u32_at(self.ends, (messages - 1) * 4)) }
    }

    /// Appends a column of the messages of `runs`.
    pub(crate) fn join(
        sources: &[Source<'_>],
        runs: impl Iterator<Item = Run> + Clone,
        buffer: &mut Vec<u8>,
    ) {
        let mut total = 0;
        for Run { source, rows } in runs.clone() {
            let payload = &sources[source].payload;
            let bytes = payload.range(rows.start, rows.end);
            // Ends move by as much as the payloads do, which may be down.
            let by = narrow(total).wrapping_sub(narrow(bytes.start));
            let ends = payload.ends[rows.start * 4..rows.end * 4].chunks_exact(4);
            put_numbers(buffer, ends.map(|end| u32_at(end, 0).wrapping_add(by)));
            total += bytes.len();
        }
        narrow(total);
        for Run { source, rows } in runs {
            let payload = &sources[source].payload;
            buffer.extend_from_slice(&payload.bytes[payload.range(rows.start, rows.end)]);
        }
    }

    /// The payloads in order.
    pub fn iter(self) -> impl ExactSizeIterator<Item = &'a [u8]> {
        let mut start = 0;
        self.ends.chunks_exact(4).map(move |end| {
            let end = wide(u32_at(end, 0));
            let payload = &self.bytes[start..end];
            start = end;
            payload
        })
    }
}
