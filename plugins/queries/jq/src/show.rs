//! Values as text: JSON in the way of `tojson`, and the beginnings of it that errors show.

use forebay_bloblang::{Text, Value as Document};

use crate::value::Value;

/// Bytes of a value that an error shows at most.
const SHOWN: usize = 30;

/// The value as compact JSON with sorted keys.
pub(crate) fn json(value: &Value) -> Text {
    let mut out = Vec::new();
    write(value, usize::MAX, &mut out);
    Text::of(&out)
}

/// Text as a string of JSON.
pub(crate) fn quoted(text: &str) -> String {
    let mut out = Vec::new();
    write_text(text.as_bytes(), usize::MAX, &mut out);
    String::from_utf8_lossy(&out).into_owned()
}

/// The type of a value and how it begins.
pub(crate) fn typed(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        other => format!("{} ({})", other.kind(), preview(other)),
    }
}

/// How a value begins.
pub(crate) fn preview(value: &Value) -> String {
    let mut out = Vec::new();
    write(value, SHOWN + 2, &mut out);
    out.truncate(SHOWN + 2);
    if out.len() > SHOWN {
        let end = match value {
            Value::Text(_) => " ...\"",
            Value::Array(_) => " ...]",
            Value::Object(_) => " ...}",
            _ => " ...",
        };
        while out.len() > SHOWN - end.len() {
            out.truncate(out.len() - last_character(&out));
        }
        out.extend_from_slice(end.as_bytes());
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// The length of the last character, 1 where there is only a part of one.
fn last_character(bytes: &[u8]) -> usize {
    let is_character = |length: &usize| {
        let start = bytes.len().checked_sub(*length);
        start.and_then(|start| bytes.get(start..)).is_some_and(|tail| std::str::from_utf8(tail).is_ok())
    };
    (1..=4).find(is_character).unwrap_or(1)
}

/// Appends JSON, until there are more than `limit` bytes.
fn write(value: &Value, limit: usize, out: &mut Vec<u8>) {
    if out.len() > limit {
        return;
    }
    match value {
        Value::Null => out.extend_from_slice(b"null"),
        Value::Bool(value) => out.extend_from_slice(if *value { b"true" } else { b"false" }),
        Value::Int(number) => out.extend_from_slice(number.to_string().as_bytes()),
        Value::Float(number) if number.is_nan() => out.extend_from_slice(b"null"),
        Value::Float(number) => Document::Float(number.clamp(f64::MIN, f64::MAX)).write_json(out),
        Value::Big(number) => out.extend_from_slice(number.to_string().as_bytes()),
        Value::Text(text) => write_text(text.raw(), limit, out),
        Value::Array(array) => {
            out.push(b'[');
            for (index, item) in array.items().iter().enumerate() {
                if index > 0 {
                    out.push(b',');
                }
                if out.len() > limit {
                    return;
                }
                write(item, limit, out);
            }
            out.push(b']');
        }
        Value::Object(object) => {
            out.push(b'{');
            for (index, (key, value)) in object.iter().enumerate() {
                if index > 0 {
                    out.push(b',');
                }
                if out.len() > limit {
                    return;
                }
                write_text(key.raw(), limit, out);
                out.push(b':');
                write(value, limit, out);
            }
            out.push(b'}');
        }
    }
}

fn write_text(text: &[u8], limit: usize, out: &mut Vec<u8>) {
    out.push(b'"');
    for chunk in text.utf8_chunks() {
        for character in chunk.valid().chars() {
            if out.len() > limit {
                return;
            }
            write_character(character, out);
        }
        for _ in chunk.invalid() {
            out.extend_from_slice(b"\\ufffd");
        }
    }
    out.push(b'"');
}

fn write_character(character: char, out: &mut Vec<u8>) {
    let escape = match character {
        '"' => b'"',
        '\\' => b'\\',
        '\u{8}' => b'b',
        '\u{c}' => b'f',
        '\n' => b'n',
        '\r' => b'r',
        '\t' => b't',
        '\0'..='\u{1f}' | '\u{7f}' => {
            out.extend_from_slice(format!("\\u{:04x}", u32::from(character)).as_bytes());
            return;
        }
        _ => {
            out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
            return;
        }
    };
    out.extend_from_slice(&[b'\\', escape]);
}
