//! Small things that the host could be made to keep, or to look at, many times.

use forebay_sdk::bindings::capabilities::forebay::plugin::batches::Batch as Raw;
use forebay_sdk::{Batch, BlockWriter, Error, MetadataWriter, Processing, Value, metrics};

/// A batch of many messages that share one long metadata value.
fn sharing(messages: usize) -> Raw {
    let long = "x".repeat(256 << 10);
    let mut metadata = MetadataWriter::default();
    metadata.push_shared("long", Value::Text(&long));
    let mut writer = BlockWriter::with_capacity(messages, 0);
    for _ in 0..messages {
        metadata.end_message();
        writer.push(b"");
    }
    writer.set_metadata(metadata);
    Raw::from_columns(&writer.finish())
}

/// Asks for a record of every message.
pub(crate) fn shared_in_records() -> Result<Processing, Error> {
    let records = sharing(4096).messages().len();
    Err(Error::new(format!("got {records} records")))
}

/// Asks for columns that have to be written anew.
pub(crate) fn shared_in_columns() -> Result<Processing, Error> {
    let every_second: Vec<u32> = (0..4096).map(|index| index * 2).collect();
    let columns = sharing(8192).select(&every_second).columns(u32::MAX);
    Err(Error::new(format!("got {} bytes", columns.len())))
}

/// A batch of many messages that are the same one.
pub(crate) fn doubled() -> Result<Processing, Error> {
    let mut doubled = Raw::from(Batch::from_payloads([""]));
    loop {
        let second = doubled.slice(0, doubled.length());
        doubled = Raw::concatenate(vec![doubled, second]);
    }
}

/// Counts under ever new labels.
pub(crate) fn labels() -> Result<Processing, Error> {
    let mut number = 0_u64;
    loop {
        number += 1;
        metrics::count("labelled", &[("number".to_owned(), number.to_string())], 1);
    }
}

/// Asks for the metadata of one message that hides a million shared entries by a million of its own.
pub(crate) fn many_entries() -> Result<Processing, Error> {
    const ENTRIES: usize = 1_000_000;
    let mut metadata = MetadataWriter::default();
    for _ in 0..ENTRIES {
        metadata.push_shared("shared", Value::Null);
        metadata.push("own", Value::Null);
    }
    metadata.end_message();
    let mut writer = BlockWriter::with_capacity(1, 0);
    writer.push(b"");
    writer.set_metadata(metadata);
    let batch = Raw::from_columns(&writer.finish());
    let again = Raw::concatenate(vec![batch.slice(0, 1), batch]);
    Err(Error::new(format!("got {} bytes", again.columns(u32::MAX).len())))
}

/// Selects from a batch of many parts, backwards.
pub(crate) fn backwards() -> Result<Processing, Error> {
    let mut doubled = Raw::from(Batch::from_payloads([""]));
    for _ in 0..20 {
        let second = doubled.slice(0, doubled.length());
        doubled = Raw::concatenate(vec![doubled, second]);
    }
    let indexes: Vec<u32> = (0..doubled.length()).rev().collect();
    Err(Error::new(format!("selected {} messages", doubled.select(&indexes).length())))
}
