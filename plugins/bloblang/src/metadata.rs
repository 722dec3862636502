//! Metadata values, as batches have them and as the language has them.

use forebay_bloblang::{Timestamp, Value};
use forebay_sdk::{BatchWriter, Value as Column};

pub(crate) fn to_language(value: Column<'_>) -> Value {
    match value {
        Column::Null => Value::Null,
        Column::Bool(value) => Value::Bool(value),
        Column::Signed(value) => Value::Int(value),
        Column::Unsigned(value) => Value::Uint(value),
        Column::Float(value) => Value::Float(value),
        Column::Text(text) => Value::String(text.into()),
        Column::Bytes(bytes) => Value::Bytes(bytes.into()),
        Column::Timestamp { seconds, nanoseconds } => Value::Timestamp(Timestamp::utc(seconds, nanoseconds)),
        // What is no JSON after all is a text.
        Column::Json(text) => {
            Value::from_json(text.as_bytes()).unwrap_or_else(|_| Value::String(text.into()))
        }
    }
}

/// Writes the metadata of a result.
pub(crate) fn write(entries: &[(String, Value)], writer: &mut BatchWriter<'_>) {
    let documents: Vec<String> = entries.iter().map(|(_, value)| document(value)).collect();
    let values = entries.iter().zip(&documents);
    writer.replace_metadata(
        values.filter_map(|((key, value), document)| Some((key, to_column(value, document)?))),
    );
}

/// The JSON of a value that batches have no type for.
fn document(value: &Value) -> String {
    let mut json = Vec::new();
    if matches!(value, Value::Array(_) | Value::Object(_)) {
        value.write_json(&mut json);
    }
    String::from_utf8(json).unwrap_or_default()
}

fn to_column<'a>(value: &'a Value, document: &'a str) -> Option<Column<'a>> {
    Some(match value {
        Value::Null => Column::Null,
        Value::Bool(value) => Column::Bool(*value),
        Value::Int(value) => Column::Signed(*value),
        Value::Uint(value) => Column::Unsigned(*value),
        Value::Float(value) => Column::Float(*value),
        Value::Number(digits) => digits.parse().map_or(Column::Text(digits), Column::Float),
        Value::String(text) => Column::Text(text),
        Value::Bytes(bytes) => Column::Bytes(bytes),
        Value::Timestamp(time) => Column::Timestamp { seconds: time.seconds, nanoseconds: time.nanoseconds },
        Value::Array(_) | Value::Object(_) => Column::Json(document),
        Value::Delete | Value::Nothing => return None,
    })
}
