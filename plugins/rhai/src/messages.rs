use forebay_rhai::{Map, Message};
use forebay_sdk::Batch;

use crate::metadata;

/// A message as a script sees it. One that stands for itself is a batch of its own.
pub(crate) struct Seen<'a> {
    message: forebay_sdk::Message<'a>,
    position: (usize, usize),
}

impl<'a> Seen<'a> {
    pub(crate) fn of(batch: &'a Batch, independent: bool, index: usize) -> Self {
        let position = if independent { (0, 1) } else { (index, batch.len()) };
        Self { message: batch.message(index), position }
    }
}

impl Message for Seen<'_> {
    fn content(&self) -> &[u8] {
        self.message.bytes()
    }

    fn metadata(&self) -> Map {
        let entries = self.message.metadata_entries();
        entries.map(|(key, value)| (key.into(), metadata::to_language(value))).collect()
    }

    fn error(&self) -> Option<&str> {
        self.message.error()
    }

    fn position(&self) -> (usize, usize) {
        self.position
    }
}
