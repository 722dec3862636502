use std::fmt;

use forebay_columns::{MetadataEntries, Value};

use super::Batch;

/// One message of a batch, to look at. Nothing is copied.
#[derive(Clone, Copy)]
pub struct Message<'a> {
    batch: &'a Batch,
    index: usize,
}

impl<'a> Message<'a> {
    pub(super) fn new(batch: &'a Batch, index: usize) -> Self {
        Self { batch, index }
    }

    /// Its index in the batch.
    #[must_use]
    pub fn index(&self) -> usize {
        self.index
    }

    /// The payload; absent for a tombstone (a Kafka record without a value).
    #[must_use]
    pub fn payload(&self) -> Option<&'a [u8]> {
        let columns = self.batch.payload_columns();
        if columns.nulls().is_some_and(|nulls| nulls.get(self.index)) {
            return None;
        }
        Some(columns.payload().get(self.index))
    }

    /// The payload; empty for a tombstone.
    #[must_use]
    pub fn bytes(&self) -> &'a [u8] {
        self.batch.payload_columns().payload().get(self.index)
    }

    /// The metadata value of a key.
    #[must_use]
    pub fn metadata(&self, key: &str) -> Option<Value<'a>> {
        self.batch.metadata_columns().metadata().get(self.index, key)
    }

    /// All metadata, in order.
    #[must_use]
    pub fn metadata_entries(&self) -> MetadataEntries<'a> {
        self.batch.metadata_columns().metadata().entries(self.index)
    }

    /// The error that a processor flagged the message with.
    #[must_use]
    pub fn error(&self) -> Option<&'a str> {
        self.batch.error_columns().errors()?.get(self.index)
    }

    /// The span that the message is in, as a W3C `traceparent`, when it belongs to a trace.
    #[must_use]
    pub fn trace(&self) -> Option<&'a str> {
        self.batch.trace_columns().traces()?.get(self.index)
    }
}

impl fmt::Debug for Message<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Message").field("index", &self.index).finish_non_exhaustive()
    }
}
