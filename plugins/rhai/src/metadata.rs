//! Metadata values, as batches have them and as scripts have them.

use forebay_rhai::{Dynamic, Map, read_json, rfc3339, same, write_json};
use forebay_sdk::{BatchWriter, Message, Value as Column};

pub(crate) fn to_language(value: Column<'_>) -> Dynamic {
    match value {
        Column::Null => Dynamic::UNIT,
        Column::Bool(value) => value.into(),
        Column::Signed(value) => value.into(),
        #[expect(clippy::cast_precision_loss, reason = "as with such a number in a document")]
        Column::Unsigned(value) => match i64::try_from(value) {
            Ok(value) => value.into(),
            Err(_) => (value as f64).into(),
        },
        Column::Float(value) => value.into(),
        Column::Text(text) => text.into(),
        Column::Bytes(bytes) => Dynamic::from_blob(bytes.to_vec()),
        Column::Timestamp { seconds, nanoseconds } => rfc3339(seconds, nanoseconds).into(),
        // What is no JSON after all is a text.
        Column::Json(text) => read_json(text.as_bytes()).unwrap_or_else(|_| text.into()),
    }
}

/// Writes the metadata that a script has left. Entries that it did not change keep the type that they had, which may
/// be one that scripts do not know.
pub(crate) fn write(entries: &Map, source: Message<'_>, writer: &mut BatchWriter<'_>) -> Result<(), String> {
    let mut values = Vec::with_capacity(entries.len());
    for (key, value) in entries {
        let kept = source.metadata(key).filter(|before| same(&to_language(*before), value));
        let value = match kept {
            Some(value) => New::Kept(value),
            None => New::of(value).map_err(|error| format!("metadata {key}: {error}"))?,
        };
        values.push((key.as_str(), value));
    }
    writer.replace_metadata(values.iter().map(|(key, value)| (*key, value.column())));
    Ok(())
}

/// A value of the new metadata. The strings of scripts can be lent out only for as long as they are looked at.
enum New<'a> {
    /// As it was, or of a type that needs no memory.
    Kept(Column<'a>),
    Text(String),
    Bytes(Vec<u8>),
    Json(String),
}

impl New<'_> {
    fn of(value: &Dynamic) -> Result<Self, String> {
        if let Ok(text) = value.as_immutable_string_ref() {
            return Ok(Self::Text(text.to_string()));
        }
        if let Ok(character) = value.as_char() {
            return Ok(Self::Text(character.to_string()));
        }
        if let Ok(bytes) = value.as_blob_ref() {
            return Ok(Self::Bytes(bytes.clone()));
        }
        if value.is_unit() {
            return Ok(Self::Kept(Column::Null));
        }
        if let Ok(value) = value.as_bool() {
            return Ok(Self::Kept(Column::Bool(value)));
        }
        if let Ok(value) = value.as_int() {
            return Ok(Self::Kept(Column::Signed(value)));
        }
        if let Ok(value) = value.as_float() {
            return Ok(Self::Kept(Column::Float(value)));
        }
        let mut json = Vec::new();
        write_json(value, &mut json)?;
        Ok(Self::Json(String::from_utf8_lossy(&json).into_owned()))
    }

    fn column(&self) -> Column<'_> {
        match self {
            Self::Kept(value) => *value,
            Self::Text(text) => Column::Text(text),
            Self::Bytes(bytes) => Column::Bytes(bytes),
            Self::Json(text) => Column::Json(text),
        }
    }
}
