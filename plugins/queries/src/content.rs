//! The content of messages as documents.

use forebay_bloblang::{Text, Timestamp, Value};
use forebay_sdk::{Batch, BatchWriter, Message, Processed, Value as Column, waits};

/// Messages after which others may run.
const STRETCH: usize = 64;

/// The document that a message is.
///
/// # Errors
/// Why it is none.
pub(crate) fn document(message: Message<'_>) -> Result<Value, String> {
    match message.bytes() {
        [] => Err("target message part does not exist".to_owned()),
        bytes => Value::from_json(bytes),
    }
}

/// Changes message by message. An error flags its message, and takes what was written of it back unless `change` says
/// otherwise by what it has written.
pub(crate) fn each(
    batch: &Batch,
    mut change: impl FnMut(Message<'_>, &mut BatchWriter<'_>) -> Result<(), String>,
) -> Processed {
    let mut writer = batch.writer();
    for index in 0..batch.len() {
        if let Err(error) = change(batch.message(index), &mut writer) {
            writer.flag(&error);
        }
        writer.end(index);
        if (index + 1).is_multiple_of(STRETCH) {
            waits::give_way();
        }
    }
    writer.finish()
}

/// A value of metadata.
pub(crate) fn metadata(value: Column<'_>) -> Value {
    match value {
        Column::Null => Value::Null,
        Column::Bool(value) => Value::Bool(value),
        Column::Signed(value) => Value::Int(value),
        Column::Unsigned(value) => Value::Uint(value),
        Column::Float(value) => Value::Float(value),
        Column::Text(text) => Value::String(text.into()),
        Column::Bytes(bytes) => Value::String(Text::of(bytes)),
        Column::Timestamp { seconds, nanoseconds } => Value::Timestamp(Timestamp::utc(seconds, nanoseconds)),
        // What is no JSON after all is a text.
        Column::Json(text) => {
            Value::from_json(text.as_bytes()).unwrap_or_else(|_| Value::String(text.into()))
        }
    }
}
