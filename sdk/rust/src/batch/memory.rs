//! Batches in memory, for native tests: what the host does, without its care for speed.

use std::rc::Rc;

use forebay_columns::{Block, BlockWriter, ColumnId, MetadataWriter, assemble};

use super::{Batch, Origins};

pub(crate) struct Handle {
    block: Rc<Vec<u8>>,
}

impl Handle {
    pub(super) fn length(&self) -> usize {
        self.block().messages() as usize
    }

    pub(super) fn independent(&self) -> bool {
        self.block().independent()
    }

    pub(super) fn columns(&self, mask: u32) -> Vec<u8> {
        let block = self.block();
        let columns: Vec<_> = block
            .columns()
            .iter()
            .filter(|entry| mask & entry.id.bit() != 0)
            .map(|entry| (entry.id, &self.block[entry.range.clone()]))
            .collect();
        assemble(block.messages(), block.independent(), &columns)
    }

    pub(super) fn from_columns(columns: Vec<u8>) -> Self {
        Block::parse(&columns).and_then(|block| block.check()).expect("written columns keep the layout");
        Self { block: Rc::new(columns) }
    }

    pub(super) fn derive(&self, columns: Vec<u8>, origins: &Origins) -> Self {
        let (old, new) = (self.block(), Block::parse(&columns).expect("written columns keep the layout"));
        let source = |index: usize| match origins {
            Origins::Same => index,
            Origins::Each(indexes) => indexes[index] as usize,
            Origins::Whole => 0,
        };
        let messages = new.messages() as usize;
        let mut writer = BlockWriter::with_capacity(messages, 0);
        writer.set_independent(new.independent());
        let mut metadata = MetadataWriter::default();
        // For each column: the block that it comes from.
        let from = |id: ColumnId| if new.column(id).is_some() { &new } else { &old };
        let at = |id: ColumnId, index: usize| if new.column(id).is_some() { index } else { source(index) };
        for index in 0..messages {
            let nulls = from(ColumnId::NULLS).nulls().expect("checked");
            let payload = from(ColumnId::PAYLOAD).payload().expect("checked");
            let bytes = payload.get(at(ColumnId::PAYLOAD, index));
            if nulls.is_some_and(|nulls| nulls.get(at(ColumnId::NULLS, index))) {
                assert!(bytes.is_empty(), "a tombstone has no payload");
                writer.push_null();
            } else {
                writer.push(bytes);
            }
            let entries = from(ColumnId::METADATA).metadata().expect("checked");
            for (key, value) in entries.entries(at(ColumnId::METADATA, index)) {
                metadata.push(key, value);
            }
            metadata.end_message();
            let errors = from(ColumnId::ERRORS).errors().expect("checked");
            if let Some(error) = errors.and_then(|errors| errors.get(at(ColumnId::ERRORS, index))) {
                writer.push_error(index, error);
            }
            let traces = from(ColumnId::TRACES).traces().expect("checked");
            if let Some(trace) = traces.and_then(|traces| traces.get(at(ColumnId::TRACES, index))) {
                writer.push_trace(index, trace);
            }
        }
        writer.set_metadata(metadata);
        Self::from_columns(writer.finish())
    }

    pub(super) fn slice(&self, start: u32, end: u32) -> Self {
        self.select(&(start..end).collect::<Vec<_>>())
    }

    pub(super) fn select(&self, indexes: &[u32]) -> Self {
        let mut header = BlockWriter::without_payload(indexes.len());
        header.set_independent(self.independent());
        self.derive(header.finish(), &Origins::Each(indexes.to_vec()))
    }

    /// Natively nobody waits for responses.
    pub(super) fn respond(&self, _: &Self) -> Result<bool, String> {
        Ok(false)
    }

    pub(super) fn concatenate(handles: Vec<Self>) -> Self {
        let batches: Vec<Batch> = handles.into_iter().map(Batch::from_handle).collect();
        let mut writer = BlockWriter::with_capacity(0, 0);
        let mut metadata = MetadataWriter::default();
        writer.set_independent(batches.iter().all(Batch::independent));
        for (index, message) in batches.iter().flat_map(Batch::messages).enumerate() {
            match message.payload() {
                Some(payload) => writer.push(payload),
                None => writer.push_null(),
            }
            message.metadata_entries().for_each(|(key, value)| metadata.push(key, value));
            metadata.end_message();
            if let Some(error) = message.error() {
                writer.push_error(index, error);
            }
            if let Some(trace) = message.trace() {
                writer.push_trace(index, trace);
            }
        }
        writer.set_metadata(metadata);
        Self::from_columns(writer.finish())
    }

    fn block(&self) -> Block<'_> {
        Block::parse(&self.block).expect("checked when it was made")
    }
}
