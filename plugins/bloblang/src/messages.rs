use forebay_bloblang::{Messages, Value};
use forebay_sdk::{Batch, Value as Column};

use crate::metadata;

/// Metadata by which tools ask that `this` is bytes; no mapping sees it.
pub(crate) const THIS_IS_BYTES: &str = "forebay_this_is_bytes";

/// The messages that a mapping sees beside the one that it runs on.
#[derive(Clone, Copy)]
pub(crate) struct Seen<'a> {
    batch: &'a Batch,
    first: usize,
    length: usize,
}

impl<'a> Seen<'a> {
    /// What the mapping sees when it runs on message `index` of a batch, and which one that is there. A
    /// message that stands for itself is a batch of its own.
    pub(crate) fn around(batch: &'a Batch, independent: bool, index: usize) -> (Self, usize) {
        if independent {
            return (Self { batch, first: index, length: 1 }, 0);
        }
        (Self { batch, first: 0, length: batch.len() }, index)
    }

    fn metadata(&self, index: usize, key: &str) -> Option<Column<'a>> {
        if index >= self.length || key == THIS_IS_BYTES {
            return None;
        }
        self.batch.message(self.first + index).metadata(key)
    }

    fn trace(&self, index: usize) -> Option<&'a str> {
        if index < self.length { self.batch.message(self.first + index).trace() } else { None }
    }
}

impl Messages for Seen<'_> {
    fn len(&self) -> usize {
        self.length
    }

    fn content(&self, index: usize) -> &[u8] {
        if index < self.length { self.batch.message(self.first + index).bytes() } else { &[] }
    }

    fn metadata_get(&self, index: usize, key: &str) -> Option<Value> {
        self.metadata(index, key).map(metadata::to_language)
    }

    fn metadata_bytes(&self, index: usize, key: &str) -> Option<&[u8]> {
        match self.metadata(index, key)? {
            Column::Text(text) => Some(text.as_bytes()),
            Column::Bytes(bytes) => Some(bytes),
            _ => None,
        }
    }

    fn metadata_all(&self, index: usize) -> Vec<(String, Value)> {
        if index >= self.length {
            return Vec::new();
        }
        let entries = self.batch.message(self.first + index).metadata_entries();
        let entries = entries.filter(|(key, _)| *key != THIS_IS_BYTES);
        entries.map(|(key, value)| (key.to_owned(), metadata::to_language(value))).collect()
    }

    fn error(&self, index: usize) -> Option<&str> {
        if index < self.length { self.batch.message(self.first + index).error() } else { None }
    }

    fn trace_id(&self, index: usize) -> Option<String> {
        self.trace(index)?.split('-').nth(1).map(ToOwned::to_owned)
    }

    fn trace_headers(&self, index: usize) -> Option<Vec<(String, String)>> {
        Some(vec![("traceparent".to_owned(), self.trace(index)?.to_owned())])
    }
}
