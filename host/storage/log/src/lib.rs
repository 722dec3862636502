//! The log without disks: record batches of all partitions become segments in the object store, and are read from
//! there again.
//!
//! - [`segment`]: what is in a segment, byte by byte.
//! - [`Writer`]: buffers what all clients produce, puts a segment, commits it to the metadata store, and only then
//!   says so.
//! - [`Reader`]: finds batches by the metadata store's index, of which an [`Index`] remembers some, and takes their
//!   bytes from a [`BlockSource`], here a [`BlockCache`]. What consumers get is a header of their own and a body that
//!   is shared.
//! - [`Compactor`]: puts together what lies scattered in many segments, and leaves out what is superseded by key.
//! - [`Cleaner`]: deletes what no record is left in, and what was never committed: first condemned, then deleted.
//!
//! Batches are opaque: their checksum was compared where they came in, their records are never looked at, except to
//! find one by its time, and to compact by key.

mod blocks;
mod cleaner;
mod compaction;
mod held_lease;
mod index;
mod reader;
pub mod segment;
mod writer;

pub use blocks::{BLOCK_BYTES, BlockCache, BlockError, BlockIndex, BlockSource};
pub use cleaner::{Cleaned, Cleaner, CleanerError, CleanerSettings, OrphanSearch};
pub use compaction::{
    Compacted, Compactor, CompactorError, CompactorSettings, KeyedPolicy, LevelPolicy, UnreadableRun,
};
pub use held_lease::HeldLease;
pub use index::{Index, Indexed};
pub use reader::{CorruptRun, FetchError, FetchRefusal, Fetched, LookupError, OffsetAndTime, Reader};
pub use writer::{AppendError, Load, NewBatch, Signal, Writer, WriterMetrics, WriterSettings};
