use forebay_sdk::{Batch, BlockWriter, MetadataWriter};

/// Messages that were cut, to be handed over as one batch.
pub(crate) struct Out {
    block: BlockWriter,
    metadata: Option<MetadataWriter>,
}

/// No more messages are added to a batch than this, where a few bytes can make many.
const MESSAGES: usize = 1 << 16;
const BYTES: usize = 1 << 20;

impl Out {
    /// For the messages in so many bytes: an estimate.
    pub(crate) fn with_room(bytes: usize) -> Self {
        // Lines are rarely shorter than this.
        Self { block: BlockWriter::with_capacity(bytes / 32, bytes), metadata: None }
    }

    /// One message of these bytes.
    pub(crate) fn whole(content: Vec<u8>) -> Self {
        let mut block = BlockWriter::with_capacity(1, content.len());
        block.push(&content);
        Self { block, metadata: None }
    }

    /// For messages without metadata.
    pub(crate) fn block(&mut self) -> &mut BlockWriter {
        &mut self.block
    }

    /// The payload of the message that ends next, behind those before it.
    pub(crate) fn payload(&mut self) -> &mut Vec<u8> {
        self.block.payload()
    }

    /// The metadata of the message that ends next. All messages have some, or none has.
    pub(crate) fn metadata(&mut self) -> &mut MetadataWriter {
        self.metadata.get_or_insert_default()
    }

    /// Flags the message that ends next.
    pub(crate) fn flag(&mut self, error: &str) {
        self.block.push_error(self.block.messages(), error);
    }

    /// Ends a message.
    pub(crate) fn end(&mut self) {
        self.block.end_message();
        if let Some(metadata) = &mut self.metadata {
            metadata.end_message();
        }
    }

    /// Adds a message that has no metadata.
    pub(crate) fn push(&mut self, payload: &[u8]) {
        self.block.push(payload);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.block.messages() == 0
    }

    pub(crate) fn is_full(&mut self) -> bool {
        self.block.messages() >= MESSAGES || self.block.payload().len() >= BYTES
    }

    /// The messages, each of which stands for itself.
    pub(crate) fn finish(mut self) -> Batch {
        self.block.set_independent(true);
        if let Some(metadata) = self.metadata {
            self.block.set_metadata(metadata);
        }
        Batch::from_block(self.block)
    }
}
