use std::mem;

use super::{Codec, MAGIC, Sync, VALUES};
use crate::binary::{write_bytes, write_length};
use crate::{DatumError, Dialect, Schema};

/// Writes a file value by value. It holds one block at a time.
#[derive(Debug)]
pub struct Writer {
    codec: Codec,
    sync: Sync,
    /// Bytes that make a block.
    most: usize,
    block: Vec<u8>,
    count: usize,
}

impl Writer {
    /// Begins a file, and writes its header to `out`. `sync` is what ends its blocks, and should be another for each file.
    #[must_use]
    pub fn begin(schema: &Schema, codec: Codec, sync: [u8; 16], most: usize, out: &mut Vec<u8>) -> Self {
        let metadata = [("avro.codec", codec.name()), ("avro.schema", schema.text())];
        out.extend_from_slice(&MAGIC);
        write_length(metadata.len(), out);
        for (key, value) in metadata {
            write_bytes(key.as_bytes(), out);
            write_bytes(value.as_bytes(), out);
        }
        out.push(0);
        out.extend_from_slice(&sync);
        Self { codec, sync, most, block: Vec::new(), count: 0 }
    }

    /// Adds the value of a document to the block that is open.
    ///
    /// # Errors
    /// It is no value of the schema; nothing was added.
    pub fn add(&mut self, schema: &Schema, text: &[u8], dialect: Dialect) -> Result<(), DatumError> {
        schema.write(text, dialect, &mut self.block)?;
        self.count += 1;
        Ok(())
    }

    /// Whether the block that is open has as many bytes as blocks should have, or as many values without any: it is to be
    /// ended.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.block.len() >= self.most
            || self.count > self.block.len() && u64::try_from(self.count).is_ok_and(|count| count >= VALUES)
    }

    /// Writes the block that is open to `out`, if there are values in it. That ends the file, too.
    ///
    /// # Errors
    /// The codec can only be read.
    pub fn end_block(&mut self, out: &mut Vec<u8>) -> Result<(), String> {
        if self.count == 0 {
            return Ok(());
        }
        let next = Vec::with_capacity(self.block.capacity().min(2 * self.most));
        let content = self.codec.compress(mem::replace(&mut self.block, next))?;
        write_length(mem::take(&mut self.count), out);
        write_bytes(&content, out);
        out.extend_from_slice(&self.sync);
        Ok(())
    }
}
