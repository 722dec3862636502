//! The bytes that a Forebay host and its plugins exchange for a batch of messages.
//!
//! The layout is documented in `wit/plugin/columns.md`. This crate reads and writes it and does
//! nothing else: no I/O, no unsafe code, no dependencies, the same on the host and in a guest.
//!
//! - [`Block`] is a whole batch: a header and columns, checked once when it is read.
//! - [`Payload`], [`Nulls`], [`Metadata`] and [`Sparse`] are views of single columns. A view can
//!   only be had of bytes that keep the layout, so that its getters never fail.
//! - [`BlockWriter`], [`MetadataWriter`] and [`SparseWriter`] write them; payloads go straight into
//!   the final buffer.
//! - [`join`] makes one block of messages of several, column by column.
//!
//! ```
//! use forebay_columns::{Block, BlockWriter, MetadataWriter, Value};
//!
//! let mut writer = BlockWriter::with_capacity(2, 16);
//! writer.push(b"one");
//! writer.push(b"two");
//! let mut metadata = MetadataWriter::default();
//! metadata.push_shared("topic", Value::Text("orders"));
//! writer.set_metadata(metadata);
//! let bytes = writer.finish();
//!
//! let block = Block::parse(&bytes)?;
//! assert_eq!(block.payload()?.get(1), b"two");
//! assert_eq!(block.metadata()?.get(0, "topic"), Some(Value::Text("orders")));
//! # Ok::<(), forebay_columns::LayoutError>(())
//! ```

mod block;
mod error;
mod join;
mod metadata;
mod nulls;
mod payload;
mod sparse;
mod value;
mod writer;

pub use block::{Block, ColumnId, Entry, assemble, mask};
pub use error::LayoutError;
pub use join::{Run, SOURCE_BYTES, Source, join};
pub use metadata::{Metadata, MetadataEntries, MetadataKey, MetadataWriter};
pub use nulls::Nulls;
pub use payload::Payload;
pub use sparse::{Sparse, SparseWriter};
pub use value::Value;
pub use writer::BlockWriter;

/// The number of bytes before the table of columns.
const HEADER_BYTES: usize = 16;
/// The number of bytes of one entry in the table of columns.
const ENTRY_BYTES: usize = 16;

/// Reads the little-endian number at `at`. The caller has checked that it lies inside.
fn u32_at(bytes: &[u8], at: usize) -> u32 {
    let mut number = [0; 4];
    number.copy_from_slice(&bytes[at..at + 4]);
    u32::from_le_bytes(number)
}

/// Appends numbers, little-endian.
fn put_numbers(buffer: &mut Vec<u8>, numbers: impl ExactSizeIterator<Item = u32>) {
    let start = buffer.len();
    buffer.resize(start + numbers.len() * 4, 0);
    for (slot, number) in buffer[start..].chunks_exact_mut(4).zip(numbers) {
        slot.copy_from_slice(&number.to_le_bytes());
    }
}

/// Appends pairs of numbers, little-endian.
fn put_pairs(buffer: &mut Vec<u8>, pairs: impl ExactSizeIterator<Item = (u32, u32)>) {
    let start = buffer.len();
    buffer.resize(start + pairs.len() * 8, 0);
    for (slot, (first, second)) in buffer[start..].chunks_exact_mut(8).zip(pairs) {
        slot.copy_from_slice(&(u64::from(first) | u64::from(second) << 32).to_le_bytes());
    }
}

/// A length that the layout stores in 32 bits.
///
/// # Panics
/// When it does not fit: writers are for batches of less than 4 GiB, and hosts hold them to far less.
fn narrow(length: usize) -> u32 {
    u32::try_from(length).expect("a block is smaller than 4 GiB")
}

/// A number of the layout as an index. All platforms this runs on have at least 32 bits.
fn wide(number: u32) -> usize {
    number as usize
}
