//! Object container files: a header with the schema, then blocks of values, each compressed by itself.

mod codec;
mod reader;
#[cfg(test)]
mod tests;
mod writer;

use thiserror::Error;

use crate::SchemaError;

pub use codec::Codec;
pub use reader::{Block, Found, Reader};
pub use writer::Writer;

const MAGIC: [u8; 4] = *b"Obj\x01";

/// What stands behind the header and every block.
type Sync = [u8; 16];

/// Bytes of the largest header, and of the largest block, compressed or not.
const HEADER: usize = 16 << 20;
const BLOCK: usize = crate::LARGEST;

/// Values of the largest block, where there are more of them than bytes: those of some schemas have none.
const VALUES: u64 = 100_000;

/// Why bytes are no object container file.
#[derive(Debug, Error)]
pub enum ContainerError {
    #[error("it does not begin as an Avro object container file does")]
    NoContainer,
    #[error("its header has more than {HEADER} bytes")]
    HeaderTooLong,
    #[error("its header is broken: {0}")]
    Header(&'static str),
    #[error("its header has no schema")]
    NoSchema,
    #[error("its schema: {0}")]
    Schema(#[from] SchemaError),
    #[error("its codec {0} is not known: null, deflate, snappy, zstandard and bzip2 are")]
    Codec(String),
    /// Blocks are counted from 1.
    #[error("block {block}: {reason}")]
    Block { block: u64, reason: String },
    #[error("it ends within its header")]
    EndsInHeader,
    #[error("it ends within block {0}")]
    EndsInBlock(u64),
}
