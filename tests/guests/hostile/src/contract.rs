//! What the contract rules out.
#![expect(unsafe_code, reason = "the bindings keep handles safe, which is what is circumvented here")]

use forebay_sdk::bindings::capabilities::forebay::plugin::batches::{Batch as Raw, Origins as RawOrigins};
use forebay_sdk::columns::Block;
use forebay_sdk::{
    Batch, BlockWriter, Error, MetadataWriter, Origins, Processed, Processing, Value, metrics,
};

use crate::traps;

pub(crate) fn ends_fall() -> Result<Processing, Error> {
    let mut columns = two_messages();
    let table = start_of_payload(&columns)?;
    columns[table + 4..table + 8].copy_from_slice(&1_u32.to_le_bytes());
    hand_over(&columns)
}

pub(crate) fn ends_past_the_bytes() -> Result<Processing, Error> {
    let mut columns = two_messages();
    let table = start_of_payload(&columns)?;
    columns[table + 4..table + 8].copy_from_slice(&1000_u32.to_le_bytes());
    hand_over(&columns)
}

pub(crate) fn column_past_the_block() -> Result<Processing, Error> {
    let mut columns = two_messages();
    // The length of the first column.
    columns[24..28].copy_from_slice(&u32::MAX.to_le_bytes());
    hand_over(&columns)
}

/// Bytes that are no UTF-8 where `part` of a message belongs.
pub(crate) fn no_text(part: &str) -> Result<Processing, Error> {
    const MARK: &[u8] = b"MARK";
    let name = |other: &str| if part == other { "MARK" } else { "good" };
    let mut metadata = MetadataWriter::default();
    metadata.push(name("key"), Value::Text(name("text")));
    metadata.end_message();
    let mut writer = BlockWriter::with_capacity(1, 0);
    writer.push(b"payload");
    writer.set_metadata(metadata);
    writer.push_error(0, name("error"));
    let mut columns = writer.finish();
    let mark = columns.windows(MARK.len()).position(|window| window == MARK);
    let mark = mark.ok_or_else(|| Error::new(format!("there is no {part}")))?;
    columns[mark] = 0xff;
    hand_over(&columns)
}

pub(crate) fn no_payload() -> Result<Processing, Error> {
    hand_over(&BlockWriter::without_payload(2).finish())
}

pub(crate) fn origins(batch: Batch, indexes: &[u32]) -> Result<Processing, Error> {
    Ok(Processed { batch, origins: Origins::Each(indexes.to_vec()) }.into())
}

pub(crate) fn same_but_shorter(batch: Batch) -> Result<Processing, Error> {
    Ok(Processed { batch: batch.slice(0..batch.len() - 1), origins: Origins::Same }.into())
}

pub(crate) fn derive_out_of_range(batch: Batch) -> Result<Processing, Error> {
    let columns = BlockWriter::without_payload(1).finish();
    Ok(Batch::from(Raw::from(batch).derive(&columns, &RawOrigins::Each(vec![99]))).into())
}

/// Says that there are four thousand million messages, which all come from one.
pub(crate) fn derive_many(batch: Batch) -> Result<Processing, Error> {
    let columns = BlockWriter::without_payload(usize::MAX).finish();
    Ok(Batch::from(Raw::from(batch).derive(&columns, &RawOrigins::Whole)).into())
}

/// One large message, a million times.
pub(crate) fn derive_large() -> Result<Processing, Error> {
    const TIMES: usize = 1_000_000;
    let large = Batch::from_payloads([vec![b'x'; 1 << 20]]);
    let columns = BlockWriter::without_payload(TIMES).finish();
    let origins = RawOrigins::Each(vec![0; TIMES]);
    Ok(Batch::from(Raw::from(large).derive(&columns, &origins)).into())
}

pub(crate) fn index_out_of_range(batch: Batch) -> Result<Processing, Error> {
    let found = Raw::from(batch).payload(99).is_some();
    Err(Error::new(format!("there is a message 99: {found}")))
}

pub(crate) fn select_out_of_range(batch: Batch) -> Result<Processing, Error> {
    Ok(Batch::from(Raw::from(batch).select(&[0, 99])).into())
}

pub(crate) fn drop_twice(batch: Batch) -> Result<Processing, Error> {
    let batch = Raw::from(batch);
    let number = batch.handle();
    drop(batch);
    // SAFETY: none; the host must stand it.
    drop(unsafe { Raw::from_handle(number) });
    Err(Error::new("dropped a batch twice"))
}

pub(crate) fn forged_handle() -> Result<Processing, Error> {
    // SAFETY: none; the host must stand it.
    let forged = unsafe { Raw::from_handle(4242) };
    Err(Error::new(format!("a batch of {} messages", forged.length())))
}

pub(crate) fn same_batch_twice(batch: Batch) -> Result<Processing, Error> {
    let batch = Raw::from(batch);
    // SAFETY: none; the host must stand it.
    let second = unsafe { Raw::from_handle(batch.handle()) };
    Ok(Processing::Done(vec![Batch::from(batch).into(), Batch::from(second).into()]))
}

pub(crate) fn metric_name() -> Result<Processing, Error> {
    metrics::count("No name!", &[], 1);
    Err(Error::new("counted under a name that is none"))
}

/// Takes a name that the host counts under, for a metric of another kind, and panics.
pub(crate) fn metric_of_the_host() -> Result<Processing, Error> {
    metrics::gauge("plugin_traps", &[], 1.0);
    traps::panic()
}

fn two_messages() -> Vec<u8> {
    let mut writer = BlockWriter::with_capacity(2, 0);
    writer.push(b"ab");
    writer.push(b"c");
    writer.finish()
}

fn start_of_payload(columns: &[u8]) -> Result<usize, Error> {
    Ok(Block::parse(columns)?.columns()[0].range.start)
}

fn hand_over(columns: &[u8]) -> Result<Processing, Error> {
    Ok(Batch::from(Raw::from_columns(columns)).into())
}
