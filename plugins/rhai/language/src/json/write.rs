use std::fmt::Write as _;

use rhai::Dynamic;

use crate::limits::DOCUMENT_DEPTH;

/// Appends a value as JSON.
///
/// # Errors
/// When it holds what no document can; part of it may have been written then.
pub fn write(value: &Dynamic, out: &mut Vec<u8>) -> Result<(), String> {
    nested(value, out, 0)
}

fn nested(value: &Dynamic, out: &mut Vec<u8>, depth: usize) -> Result<(), String> {
    if depth > DOCUMENT_DEPTH {
        return Err(format!("a document can't be nested deeper than {DOCUMENT_DEPTH} levels"));
    }
    if value.is_unit() {
        out.extend_from_slice(b"null");
    } else if let Ok(value) = value.as_bool() {
        out.extend_from_slice(if value { b"true" } else { b"false" });
    } else if let Ok(value) = value.as_int() {
        number(format_args!("{value}"), out);
    } else if let Ok(value) = value.as_float() {
        if !value.is_finite() {
            return Err(format!("the number {value} can't stand in a document"));
        }
        number(format_args!("{value:?}"), out);
    } else if let Ok(text) = value.as_immutable_string_ref() {
        string(&text, out);
    } else if let Ok(value) = value.as_char() {
        string(value.encode_utf8(&mut [0; 4]), out);
    } else if let Ok(bytes) = value.as_blob_ref() {
        string(&String::from_utf8_lossy(&bytes), out);
    } else if let Ok(elements) = value.as_array_ref() {
        out.push(b'[');
        for (index, element) in elements.iter().enumerate() {
            if index > 0 {
                out.push(b',');
            }
            nested(element, out, depth + 1)?;
        }
        out.push(b']');
    } else if let Ok(members) = value.as_map_ref() {
        out.push(b'{');
        for (index, (name, member)) in members.iter().enumerate() {
            if index > 0 {
                out.push(b',');
            }
            string(name, out);
            out.push(b':');
            nested(member, out, depth + 1)?;
        }
        out.push(b'}');
    } else {
        return Err(format!("a value of type {} can't stand in a document", value.type_name()));
    }
    Ok(())
}

fn number(digits: std::fmt::Arguments<'_>, out: &mut Vec<u8>) {
    let mut text = Digits { bytes: [0; 32], length: 0 };
    // No number has more digits than there is room for; all others are written in one go.
    if text.write_fmt(digits).is_ok() {
        out.extend_from_slice(&text.bytes[..text.length]);
    } else {
        out.extend_from_slice(digits.to_string().as_bytes());
    }
}

struct Digits {
    bytes: [u8; 32],
    length: usize,
}

impl std::fmt::Write for Digits {
    fn write_str(&mut self, text: &str) -> std::fmt::Result {
        let room = self.bytes.get_mut(self.length..self.length + text.len()).ok_or(std::fmt::Error)?;
        room.copy_from_slice(text.as_bytes());
        self.length += text.len();
        Ok(())
    }
}

fn string(text: &str, out: &mut Vec<u8>) {
    const HEXADECIMAL: &[u8; 16] = b"0123456789abcdef";
    out.push(b'"');
    let mut plain = 0;
    let bytes = text.as_bytes();
    for (index, byte) in bytes.iter().enumerate() {
        if *byte >= 0x20 && *byte != b'"' && *byte != b'\\' {
            continue;
        }
        out.extend_from_slice(&bytes[plain..index]);
        plain = index + 1;
        match byte {
            b'"' | b'\\' => out.extend_from_slice(&[b'\\', *byte]),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\t' => out.extend_from_slice(b"\\t"),
            _ => {
                out.extend_from_slice(b"\\u00");
                out.push(HEXADECIMAL[usize::from(byte >> 4)]);
                out.push(HEXADECIMAL[usize::from(byte & 15)]);
            }
        }
    }
    out.extend_from_slice(&bytes[plain..]);
    out.push(b'"');
}
