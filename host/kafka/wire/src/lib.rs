//! The bytes of the Kafka protocol, as far as they are ours: frames and request headers, record batches,
//! their compressions, and the guard in front of decoding. Requests and responses themselves are those of
//! `kafka-protocol`. Nothing here does I/O, and nothing makes room for what only a length claims.
//!
//! Record batches stay as they came: [`RecordBatch`] is a header that was taken apart and shared bytes,
//! and [`BatchHeader::stamped`] says what consumers get in front of the same records.
//!
//! ```
//! use forebay_kafka_wire::{BatchBuilder, Compression, RecordBatch};
//! use forebay_model::{Offset, Timestamp};
//!
//! let mut builder = BatchBuilder::new(Offset::ZERO, Compression::Lz4);
//! builder.push(Timestamp::from_millis(1_700_000_000_000), Some(b"key"), Some(b"value"), &[])?;
//! let sent = builder.build()?.into_bytes();
//!
//! let batch = RecordBatch::parse(sent)?;
//! batch.check_crc()?;
//! let records: Result<Vec<_>, _> = batch.records(1 << 20)?.collect();
//! assert_eq!(records?[0].value.as_deref(), Some(&b"value"[..]));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod batch;
mod compression;
pub mod control;
mod cursor;
mod frame;
mod guard;
mod pieces;
mod produce_v0;
mod request_header;
mod varint;

pub use batch::{
    Attributes, BatchBuilder, BatchError, BatchHeader, BuildError, Fate, FilterError, Filtered, HEADER_BYTES,
    HeaderError, MalformedRecord, RecompressError, Record, RecordBatch, RecordError, RecordHeader, Records,
    UnknownCompression,
};
pub use compression::{CompressError, Compression, DecompressError};
pub use cursor::Ended;
pub use frame::{FrameError, FrameLimit};
pub use guard::{AnswerError, DecodeError, MOST_DECODED, MOST_ELEMENTS, Malformed, decode, decode_answer};
pub use pieces::{Pieces, PiecesBuilder, Unwritten};
pub use produce_v0::{OldProduce, OldProduceError};
pub use request_header::{RequestHeader, RequestHeaderError};
pub use varint::VarintError;
