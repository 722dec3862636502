//! Values that mappings give, for tools: see `mapping.evaluate` of the contract.

use forebay_bloblang::{Given, Subject};
use forebay_sdk::{Batch, BlockWriter, MetadataWriter, Value, waits};

use crate::messages::{Seen, THIS_IS_BYTES};
use crate::runner::{Runner, STRETCH};

/// Metadata of a value: what it is.
const KIND: &str = "kind";

pub(crate) fn evaluate(runner: &mut Runner, batch: &Batch) -> Batch {
    let independent = batch.independent();
    let mut values = BlockWriter::with_capacity(batch.len(), batch.len() * 64);
    values.set_independent(independent);
    let mut metadata = MetadataWriter::default();
    for index in 0..batch.len() {
        let (seen, at) = Seen::around(batch, independent, index);
        let is_bytes = batch.message(index).metadata(THIS_IS_BYTES).is_some();
        let subject = if is_bytes { Subject::Bytes } else { Subject::Document };
        match runner.value(&seen, at, subject) {
            Ok(given) => {
                given.write(values.payload());
                metadata.push(KIND, Value::Text(kind(&given)));
            }
            Err(error) => values.push_error(index, &error),
        }
        values.end_message();
        metadata.end_message();
        if (index + 1).is_multiple_of(STRETCH) {
            waits::give_way();
        }
    }
    values.set_metadata(metadata);
    Batch::from_block(values)
}

fn kind(given: &Given) -> &'static str {
    match given {
        Given::Text(_) => "text",
        Given::Json(_) => "json",
        Given::Deleted => "deleted",
    }
}
