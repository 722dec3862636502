//! Values by their types.

use super::{Verb, numbers};
use crate::text::quoting;
use crate::value::Value;

/// Appends a value as the verb asks for it.
pub(super) fn print(value: &Value, verb: Verb, out: &mut Vec<u8>) {
    match (verb.letter, value) {
        ('T', value) => verb.pad(value.go_type().as_bytes(), out),
        ('v', Value::Null) => verb.pad(b"<nil>", out),
        (_, Value::Null) => bad(value, verb, out),
        (_, value) => element(value, verb, out),
    }
}

/// A value with its type, as in complaints, which keep the flags.
pub(super) fn typed(value: &Value, verb: Verb, out: &mut Vec<u8>) {
    if matches!(value, Value::Null) {
        out.extend_from_slice(b"<nil>");
        return;
    }
    out.extend_from_slice(value.go_type().as_bytes());
    out.push(b'=');
    element(value, Verb { letter: 'v', ..verb }, out);
}

fn bad(value: &Value, verb: Verb, out: &mut Vec<u8>) {
    out.extend_from_slice(b"%!");
    out.extend_from_slice(verb.letter.encode_utf8(&mut [0; 4]).as_bytes());
    out.push(b'(');
    typed(value, verb, out);
    out.push(b')');
}

fn element(value: &Value, verb: Verb, out: &mut Vec<u8>) {
    match value {
        Value::Null if verb.verbose => out.extend_from_slice(b"interface {}(nil)"),
        Value::Null => out.extend_from_slice(b"<nil>"),
        Value::Bool(truth) if matches!(verb.letter, 't' | 'v') => {
            let text: &[u8] = if *truth { b"true" } else { b"false" };
            verb.pad(text, out);
        }
        Value::Int(number) if numbers::is_integer_verb(verb) => {
            numbers::integer(i128::from(*number), false, verb, out);
        }
        Value::Uint(number) if numbers::is_integer_verb(verb) => {
            numbers::integer(i128::from(*number), true, verb, out);
        }
        Value::Float(number)
            if matches!(verb.letter, 'v' | 'b' | 'g' | 'G' | 'x' | 'X' | 'e' | 'E' | 'f' | 'F') =>
        {
            numbers::float(*number, verb, out);
        }
        Value::String(text) | Value::Number(text) if is_text_verb(verb) => {
            written(text.as_bytes(), verb, out);
        }
        Value::Timestamp(at) if is_text_verb(verb) => written(at.to_string().as_bytes(), verb, out),
        Value::Bytes(bytes) if matches!(verb.letter, 's' | 'x' | 'X' | 'q') => written(bytes, verb, out),
        Value::Bytes(bytes) => numbers_of(bytes, verb, out),
        Value::Array(items) => array(items, verb, out),
        Value::Object(object) => {
            let verbose = verb.verbose;
            out.extend_from_slice(if verbose { b"map[string]interface {}{" } else { b"map[" });
            for (index, (key, value)) in object.iter().enumerate() {
                if index > 0 {
                    out.extend_from_slice(if verbose { b", " } else { b" " });
                }
                element(&Value::String(key.clone()), verb, out);
                out.push(b':');
                element(value, verb, out);
            }
            out.push(if verbose { b'}' } else { b']' });
        }
        Value::Delete | Value::Nothing if verb.letter == 'v' => verb.pad(b"<nil>", out),
        other => bad(other, verb, out),
    }
}

fn array(items: &[Value], verb: Verb, out: &mut Vec<u8>) {
    let verbose = verb.verbose;
    out.extend_from_slice(if verbose { b"[]interface {}{" } else { b"[" });
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            out.extend_from_slice(if verbose { b", " } else { b" " });
        }
        element(item, verb, out);
    }
    out.push(if verbose { b'}' } else { b']' });
}

/// Bytes as a list of numbers.
fn numbers_of(bytes: &[u8], verb: Verb, out: &mut Vec<u8>) {
    let verbose = verb.verbose;
    if !numbers::is_integer_verb(verb) {
        out.push(b'[');
        for (index, byte) in bytes.iter().enumerate() {
            if index > 0 {
                out.push(b' ');
            }
            out.extend_from_slice(format!("%!{}(uint8={byte})", verb.letter).as_bytes());
        }
        out.push(b']');
        return;
    }
    out.extend_from_slice(if verbose { b"[]byte{" } else { b"[" });
    for (index, byte) in bytes.iter().enumerate() {
        if index > 0 {
            out.extend_from_slice(if verbose { b", " } else { b" " });
        }
        numbers::integer(i128::from(*byte), true, verb, out);
    }
    out.push(if verbose { b'}' } else { b']' });
}

fn is_text_verb(verb: Verb) -> bool {
    matches!(verb.letter, 'v' | 's' | 'x' | 'X' | 'q')
}

fn written(text: &[u8], verb: Verb, out: &mut Vec<u8>) {
    let quoted = verb.letter == 'q' || verb.verbose;
    if matches!(verb.letter, 'x' | 'X') {
        return hexadecimal(text, verb, out);
    }
    let text = cut(text, verb.precision);
    if !quoted {
        return verb.pad(text, out);
    }
    let plain = !text.contains(&b'`')
        && std::str::from_utf8(text)
            .is_ok_and(|text| text.chars().all(|c| c == '\t' || (!c.is_control() && c != '\u{feff}')));
    if verb.sharp && verb.letter == 'q' && plain {
        return verb.pad(&[b"`".as_slice(), text, b"`"].concat(), out);
    }
    verb.pad(&quoting::quote_for(text, verb.plus), out);
}

/// The first characters of a text.
fn cut(text: &[u8], precision: Option<usize>) -> &[u8] {
    let Some(precision) = precision else { return text };
    let mut left = precision;
    let mut end = 0;
    for chunk in text.utf8_chunks() {
        let lengths = chunk.valid().chars().map(char::len_utf8).chain(chunk.invalid().iter().map(|_| 1));
        for length in lengths {
            if left == 0 {
                return text.get(..end).unwrap_or(text);
            }
            left -= 1;
            end += length;
        }
    }
    text
}

fn hexadecimal(bytes: &[u8], verb: Verb, out: &mut Vec<u8>) {
    let bytes = bytes.get(..verb.precision.unwrap_or(bytes.len())).unwrap_or(bytes);
    let upper = verb.letter == 'X';
    let mut shown = String::new();
    for (index, byte) in bytes.iter().enumerate() {
        if verb.space && index > 0 {
            shown.push(' ');
        }
        if verb.sharp && (verb.space || index == 0) {
            shown.push_str(if upper { "0X" } else { "0x" });
        }
        shown.push_str(&if upper { format!("{byte:02X}") } else { format!("{byte:02x}") });
    }
    verb.pad(shown.as_bytes(), out);
}
