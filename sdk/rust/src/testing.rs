//! What stands in for a host in native tests of a plugin's logic.
//!
//! All of it belongs to the thread that a test runs on. Batches need nothing of this: natively a
//! [`Batch`] holds its columns itself.

mod clock;
mod codec;
mod kafka;
mod language;
mod limits;
mod lines;
mod scans;
mod stores;
mod web;

use std::cell::RefCell;
use std::rc::Rc;

pub(crate) use clock::{now, pending, wait};
pub use clock::{set_now, set_pending};
pub use codec::set_compression;
pub(crate) use codec::{compress, decompress};
pub(crate) use kafka::memory as kafka_memory;
pub use kafka::{KafkaBroker, KafkaRecord, kafka};
pub(crate) use language::Text;
pub use language::set_language;
pub(crate) use limits::ask_rate_limit;
pub use limits::set_rate_limit;
pub use lines::{LogLine, set_log_level, take_log};
pub(crate) use lines::{log_enabled, write_log};
pub(crate) use scans::{set_again, take_scanned};
pub use scans::{set_scanned, take_again};
pub(crate) use stores::{MemoryQueue, MemoryStore, MemoryUpload, open_queue, open_store};
pub use stores::{StaleSought, StoredObject, Stores, stores};
pub(crate) use web::send;
pub use web::set_http;

use crate::Batch;
use crate::config::{Config, Pointer};
use crate::problem::Problem;
use crate::streams::{ByteSink, ByteStream, Chunk};

/// A stream of these bytes, which come in chunks of `size`.
///
/// # Panics
/// When `size` is 0.
#[must_use]
pub fn stream(bytes: &[u8], size: usize) -> ByteStream {
    ByteStream::scripted(bytes.chunks(size).map(|chunk| Chunk::Bytes(chunk.to_vec())))
}

/// A stream that gives these chunks, then ends.
#[must_use]
pub fn scripted_stream(chunks: Vec<Chunk>) -> ByteStream {
    ByteStream::scripted(chunks)
}

/// A sink, and the bytes that were written to it.
#[must_use]
pub fn sink() -> (ByteSink, Rc<RefCell<Vec<u8>>>) {
    let bytes = Rc::new(RefCell::new(Vec::new()));
    (ByteSink::kept(Rc::clone(&bytes)), bytes)
}

/// The payloads of a batch as text, for comparisons.
#[must_use]
pub fn texts(batch: &Batch) -> Vec<String> {
    batch.messages().map(|message| String::from_utf8_lossy(message.bytes()).into_owned()).collect()
}

/// A configuration from JSON.
///
/// # Errors
/// As when a host opens the component.
pub fn config<C: Config>(json: &serde_json::Value) -> Result<C, Problem> {
    C::parse(json, &Pointer::ROOT)
}
