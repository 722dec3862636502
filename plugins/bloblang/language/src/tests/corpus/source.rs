//! Where cases come from, and how they write values that JSON has not.

use std::path::Path;

use crate::{Array, Object, Value};

/// The files of a folder below `tests/cases`, and what they hold.
pub(super) fn files(folder: &str) -> Vec<(String, Value)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases").join(folder);
    let mut files = Vec::new();
    for entry in std::fs::read_dir(root).expect("there are cases") {
        let path = entry.expect("readable").path();
        if path.extension().is_some_and(|extension| extension == "json") {
            let content = std::fs::read(&path).expect("readable");
            let name = path.file_stem().expect("named").to_string_lossy().into_owned();
            files.push((name, Value::from_json(&content).expect("JSON")));
        }
    }
    files.sort_by(|left, right| left.0.cmp(&right.0));
    files
}

/// A value in which `{"$bytes": ...}`, `{"$delete": true}` and `{"$nothing": true}` stand for what they say.
pub(super) fn value(written: &Value) -> Value {
    match written {
        Value::Object(object) => {
            if let Some(Value::String(text)) = object.get("$bytes") {
                return Value::bytes(text.as_bytes());
            }
            if let Some(Value::Array(numbers)) = object.get("$bytes") {
                let byte = |number: &Value| number.to_text().parse().expect("a byte");
                return Value::bytes(&numbers.iter().map(byte).collect::<Vec<u8>>());
            }
            if object.contains_key("$delete") {
                return Value::Delete;
            }
            if object.contains_key("$nothing") {
                return Value::Nothing;
            }
            let entries = object.iter().map(|(key, inner)| (key.clone(), value(inner)));
            Value::Object(Object::from(entries.collect::<Vec<_>>()))
        }
        Value::Array(items) => Value::Array(Array::from(items.iter().map(value).collect::<Vec<_>>())),
        other => other.clone(),
    }
}
