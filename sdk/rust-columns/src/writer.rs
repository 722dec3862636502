use crate::block::{Entry, write_header};
use crate::{ColumnId, ENTRY_BYTES, HEADER_BYTES, MetadataWriter, SparseWriter, narrow, wide};

/// The header of a written block has room for this many columns.
const ROOM: usize = 6;
const TABLE: usize = HEADER_BYTES + ROOM * ENTRY_BYTES;

/// Writes a block. Payloads are written in place: after the header comes a table with room for as
/// many ends as were announced, and the payloads grow behind it.
#[derive(Debug)]
pub struct BlockWriter {
    buffer: Vec<u8>,
    /// Ends that the table has room for.
    room: usize,
    messages: usize,
    has_payload: bool,
    independent: bool,
    nulls: Vec<u8>,
    metadata: Option<MetadataWriter>,
    errors: Option<SparseWriter>,
    traces: SparseWriter,
}

impl BlockWriter {
    /// A block with a payload column. Both numbers are estimates.
    #[must_use]
    pub fn with_capacity(messages: usize, payload_bytes: usize) -> Self {
        let start = TABLE + messages * 4;
        // Room for the payloads and, behind them, a little for the other columns.
        let mut buffer = Vec::with_capacity(start + payload_bytes + 64);
        buffer.resize(start, 0);
        Self {
            buffer,
            room: messages,
            messages: 0,
            has_payload: true,
            independent: false,
            nulls: Vec::new(),
            metadata: None,
            errors: None,
            traces: SparseWriter::default(),
        }
    }

    /// A block without a payload column, to derive a batch that keeps its payloads.
    #[must_use]
    pub fn without_payload(messages: usize) -> Self {
        Self { has_payload: false, messages, ..Self::with_capacity(0, 0) }
    }

    /// How many messages were ended.
    #[must_use]
    pub fn messages(&self) -> usize {
        self.messages
    }

    /// The end of the payload of the current message: append to it, and do nothing else.
    pub fn payload(&mut self) -> &mut Vec<u8> {
        &mut self.buffer
    }

    /// Takes back what was appended since the last message ended.
    pub fn discard(&mut self) {
        let end = if self.messages == 0 {
            0
        } else {
            wide(crate::u32_at(&self.buffer, self.slot(self.messages - 1)))
        };
        self.buffer.truncate(TABLE + self.room * 4 + end);
    }

    /// Takes back all messages but the first ones, and what was appended since. Errors, traces and metadata are not
    /// touched.
    pub fn truncate(&mut self, messages: usize) {
        self.messages = self.messages.min(messages);
        if self.has_payload {
            self.discard();
        }
        self.nulls.truncate(self.messages.div_ceil(8));
        if let Some(last) = self.nulls.get_mut(self.messages / 8) {
            *last &= !(u8::MAX << (self.messages % 8));
        }
    }

    /// Ends the current message.
    pub fn end_message(&mut self) {
        if self.messages == self.room {
            self.grow();
        }
        let end = narrow(self.buffer.len() - TABLE - self.room * 4);
        let slot = self.slot(self.messages);
        self.buffer[slot..slot + 4].copy_from_slice(&end.to_le_bytes());
        self.messages += 1;
    }

    /// Adds a message.
    pub fn push(&mut self, payload: &[u8]) {
        self.buffer.extend_from_slice(payload);
        self.end_message();
    }

    /// Adds a tombstone.
    pub fn push_null(&mut self) {
        self.nulls.resize(self.messages / 8 + 1, 0);
        self.nulls[self.messages / 8] |= 1 << (self.messages % 8);
        self.end_message();
    }

    /// Says that each message stands for itself.
    pub fn set_independent(&mut self, independent: bool) {
        self.independent = independent;
    }

    /// Sets the metadata of all messages.
    pub fn set_metadata(&mut self, metadata: MetadataWriter) {
        self.metadata = Some(metadata);
    }

    /// Flags message `index` with an error. Indexes rise from call to call.
    pub fn push_error(&mut self, index: usize, error: &str) {
        self.errors.get_or_insert_default().push(index, error);
    }

    /// Sets the errors of all messages; an empty writer takes away those of a batch that this block
    /// is derived from.
    pub fn set_errors(&mut self, errors: SparseWriter) {
        self.errors = Some(errors);
    }

    /// Sets the W3C `traceparent` of message `index`. Indexes rise from call to call.
    pub fn push_trace(&mut self, index: usize, trace: &str) {
        self.traces.push(index, trace);
    }

    /// The bytes of the block.
    #[must_use]
    pub fn finish(mut self) -> Vec<u8> {
        let messages = narrow(self.messages);
        let mut entries = Vec::with_capacity(ROOM);
        if self.has_payload {
            self.shrink();
            entries.push(Entry { id: ColumnId::PAYLOAD, range: TABLE..self.buffer.len() });
        }
        let Self { mut buffer, mut nulls, metadata, errors, traces, independent, .. } = self;
        let mut add = |id: ColumnId, write: &mut dyn FnMut(&mut Vec<u8>)| {
            buffer.resize(buffer.len().next_multiple_of(8), 0);
            let start = buffer.len();
            write(&mut buffer);
            entries.push(Entry { id, range: start..buffer.len() });
        };
        if !nulls.is_empty() {
            nulls.resize(wide(messages).div_ceil(8), 0);
            add(ColumnId::NULLS, &mut |buffer| buffer.extend_from_slice(&nulls));
        }
        if let Some(mut metadata) = metadata {
            add(ColumnId::METADATA, &mut |buffer| std::mem::take(&mut metadata).write(messages, buffer));
        }
        if let Some(errors) = errors {
            add(ColumnId::ERRORS, &mut |buffer| errors.write(buffer));
        }
        if !traces.is_empty() {
            add(ColumnId::TRACES, &mut |buffer| traces.write(buffer));
        }
        write_header(&mut buffer, messages, independent, &entries);
        buffer
    }

    fn slot(&self, message: usize) -> usize {
        TABLE + message * 4
    }

    /// Doubles the table of ends and moves the payloads behind it.
    fn grow(&mut self) {
        let room = (self.room * 2).max(16);
        let (old, new) = (self.slot(self.room), self.slot(room));
        let length = self.buffer.len();
        self.buffer.resize(length + new - old, 0);
        self.buffer.copy_within(old..length, new);
        self.room = room;
    }

    /// Moves the payloads to the end of a table that was announced too large.
    fn shrink(&mut self) {
        if self.messages < self.room {
            let (old, new) = (self.slot(self.room), self.slot(self.messages));
            self.buffer.copy_within(old.., new);
            self.buffer.truncate(self.buffer.len() + new - old);
            self.room = self.messages;
        }
    }
}
