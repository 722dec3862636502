//! Batches of messages.
//!
//! A [`Batch`] is a handle to messages that the host holds. Columns are fetched when they are first
//! looked at, once: payloads together, metadata and errors each on their own. A batch that is only
//! passed on is never fetched.

mod columns;
#[cfg(target_arch = "wasm32")]
#[path = "batch/host.rs"]
mod handle;
#[cfg(not(target_arch = "wasm32"))]
#[path = "batch/memory.rs"]
mod handle;
mod message;
mod processed;
mod writer;

use std::cell::OnceCell;
use std::fmt;
use std::ops::Range;

use forebay_columns::{BlockWriter, ColumnId, Metadata, mask};

use columns::Columns;
pub(crate) use handle::Handle;
pub use message::Message;
pub use processed::{Origins, Processed};
pub use writer::BatchWriter;

/// An immutable sequence of messages.
pub struct Batch {
    handle: Handle,
    length: OnceCell<usize>,
    payload: OnceCell<Box<Columns>>,
    metadata: OnceCell<Box<Columns>>,
    errors: OnceCell<Box<Columns>>,
    traces: OnceCell<Box<Columns>>,
}

impl Batch {
    pub(crate) fn from_handle(handle: Handle) -> Self {
        Self {
            handle,
            length: OnceCell::new(),
            payload: OnceCell::new(),
            metadata: OnceCell::new(),
            errors: OnceCell::new(),
            traces: OnceCell::new(),
        }
    }

    #[cfg(target_arch = "wasm32")]
    pub(crate) fn handle(&self) -> &Handle {
        &self.handle
    }

    #[cfg(target_arch = "wasm32")]
    pub(crate) fn into_handle(self) -> Handle {
        self.handle
    }

    /// A new batch of what the writer has, for inputs and scanners.
    #[must_use]
    pub fn from_block(block: BlockWriter) -> Self {
        Self::from_handle(Handle::from_columns(block.finish()))
    }

    /// A new batch of these payloads, without metadata.
    pub fn from_payloads<P: AsRef<[u8]>>(payloads: impl IntoIterator<Item = P>) -> Self {
        let mut block = BlockWriter::with_capacity(16, 0);
        for payload in payloads {
            block.push(payload.as_ref());
        }
        Self::from_block(block)
    }

    /// How many messages there are.
    #[must_use]
    pub fn len(&self) -> usize {
        *self.length.get_or_init(|| self.handle.length())
    }

    /// Whether there is no message.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether each message stands for itself: the host has put messages together that arrived one
    /// by one. What looks at a whole batch must take them one at a time.
    #[must_use]
    pub fn independent(&self) -> bool {
        self.handle.independent()
    }

    /// The same messages, of which each stands for itself, or which belong together.
    #[must_use]
    pub fn with_independent(self, independent: bool) -> Self {
        if self.independent() == independent {
            return self;
        }
        let mut header = BlockWriter::without_payload(self.len());
        header.set_independent(independent);
        self.derive(header.finish(), &Origins::Same)
    }

    /// The messages in order.
    pub fn messages(&self) -> impl ExactSizeIterator<Item = Message<'_>> {
        (0..self.len()).map(|index| Message::new(self, index))
    }

    /// One message.
    ///
    /// # Panics
    /// When the index is out of range.
    #[must_use]
    pub fn message(&self, index: usize) -> Message<'_> {
        assert!(index < self.len(), "message {index} is not one of {}", self.len());
        Message::new(self, index)
    }

    /// The metadata of all messages, to look at it as a column.
    #[must_use]
    pub fn metadata(&self) -> Metadata<'_> {
        self.metadata_columns().metadata()
    }

    /// Results that derive from the messages of this batch.
    #[must_use]
    pub fn writer(&self) -> BatchWriter<'_> {
        BatchWriter::new(self)
    }

    /// A result for every message in turn: `transform` writes it, or drops the message by
    /// [`BatchWriter::drop_message`]. A message for which it does neither is passed on as it is. An
    /// error flags the message, which is passed on otherwise unchanged.
    ///
    /// ```
    /// use forebay_sdk::Batch;
    ///
    /// let batch = Batch::from_payloads(["a", "b"]);
    /// let result = batch.map(|message, writer| {
    ///     writer.payload().extend(message.bytes().iter().rev().chain(b"!"));
    ///     Ok(())
    /// });
    /// assert_eq!(result.batch.message(1).bytes(), b"b!");
    /// ```
    pub fn map<F>(&self, mut transform: F) -> Processed
    where
        F: FnMut(Message<'_>, &mut BatchWriter<'_>) -> Result<(), crate::Error>,
    {
        let mut writer = self.writer();
        for message in self.messages() {
            match transform(message, &mut writer) {
                Ok(()) => writer.end(message.index()),
                Err(error) => {
                    writer.discard();
                    writer.flag(error.message());
                    writer.end(message.index());
                }
            }
        }
        writer.finish()
    }

    /// The messages that `keep` accepts; the others are dropped on purpose.
    pub fn filter<F: FnMut(Message<'_>) -> bool>(self, mut keep: F) -> Processed {
        let kept: Vec<usize> = (0..self.len()).filter(|index| keep(self.message(*index))).collect();
        if kept.len() == self.len() {
            return self.into();
        }
        Processed { batch: self.select(&kept), origins: Origins::each(kept) }
    }

    /// The messages of this range. Copies no payload.
    #[must_use]
    pub fn slice(&self, range: Range<usize>) -> Self {
        Self::from_handle(self.handle.slice(narrow(range.start), narrow(range.end)))
    }

    /// The messages with these indexes, in this order. Copies no payload.
    #[must_use]
    pub fn select(&self, indexes: &[usize]) -> Self {
        let indexes: Vec<u32> = indexes.iter().map(|index| narrow(*index)).collect();
        Self::from_handle(self.handle.select(&indexes))
    }

    /// Stores a response to this batch for the input that its first message came from. Whether somebody
    /// waits for one.
    ///
    /// # Errors
    /// There are too many responses already.
    pub fn respond(&self, response: &Self) -> Result<bool, crate::Error> {
        self.handle.respond(&response.handle).map_err(crate::Error::new)
    }

    /// All messages of several batches, one after the other. Copies no payload.
    #[must_use]
    pub fn concatenate(batches: Vec<Self>) -> Self {
        Self::from_handle(Handle::concatenate(batches.into_iter().map(|batch| batch.handle).collect()))
    }

    /// A new batch of these columns, the missing ones taken from this batch.
    pub(crate) fn derive(&self, columns: Vec<u8>, origins: &Origins) -> Self {
        Self::from_handle(self.handle.derive(columns, origins))
    }

    fn payload_columns(&self) -> &Columns {
        let wanted = mask(&[ColumnId::PAYLOAD, ColumnId::NULLS]);
        self.payload.get_or_init(|| Box::new(Columns::fetch(&self.handle, wanted)))
    }

    fn metadata_columns(&self) -> &Columns {
        self.metadata.get_or_init(|| Box::new(Columns::fetch(&self.handle, ColumnId::METADATA.bit())))
    }

    fn error_columns(&self) -> &Columns {
        self.errors.get_or_init(|| Box::new(Columns::fetch(&self.handle, ColumnId::ERRORS.bit())))
    }

    fn trace_columns(&self) -> &Columns {
        self.traces.get_or_init(|| Box::new(Columns::fetch(&self.handle, ColumnId::TRACES.bit())))
    }

    /// For how many bytes of payload a result has room from the start: for as many as were fetched, since results are
    /// often about as long, but not for many, since others are much shorter.
    fn room_ahead(&self) -> usize {
        const MOST: usize = 1 << 20;
        self.payload.get().map_or(0, |columns| columns.payload().bytes().len().min(MOST))
    }
}

impl fmt::Debug for Batch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Batch").field("length", &self.len()).finish_non_exhaustive()
    }
}

/// A count or an index as the contract has it.
pub(crate) fn narrow(count: usize) -> u32 {
    u32::try_from(count).expect("a batch has fewer than 2^32 messages")
}

#[cfg(test)]
mod tests;
