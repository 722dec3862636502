//! YAML written, four spaces for each level.

use super::{analysis, order, scalar};
use crate::value::{Text, Value, float_general};

/// Spaces of a level.
const INDENT: usize = 4;

/// The longest key that stands on the line of its value.
const SIMPLE_KEY: usize = 128;

/// Where a value stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Root,
    /// After the dash of a list.
    Item,
    /// After a key.
    Member,
}

pub(crate) fn write(value: &Value) -> Vec<u8> {
    let mut out = Vec::new();
    node(value, Place::Root, None, &mut out);
    if out.last() != Some(&b'\n') {
        out.push(b'\n');
    }
    out
}

/// The indentation of what is nested here.
fn deeper(indent: Option<usize>, place: Place) -> usize {
    match (indent, place) {
        (None, _) => 0,
        (Some(indent), Place::Item) => indent + 2,
        (Some(indent), _) => INDENT * ((indent + INDENT) / INDENT),
    }
}

fn node(value: &Value, place: Place, indent: Option<usize>, out: &mut Vec<u8>) {
    match value {
        Value::Array(items) if !items.is_empty() => sequence(items, place, indent, out),
        Value::Bytes(bytes) if !bytes.is_empty() => {
            let items: Vec<_> = bytes.iter().map(|byte| Value::Int(i64::from(*byte))).collect();
            sequence(&items, place, indent, out);
        }
        Value::Object(object) if !object.is_empty() => {
            let indent = deeper(indent, place);
            let mut entries: Vec<(&Text, &Value)> = object.iter().collect();
            entries.sort_by(|left, right| order::compare(left.0, right.0));
            for (index, (key, value)) in entries.into_iter().enumerate() {
                begin(index == 0 && place != Place::Member, indent, out);
                member(key, value, indent, out);
            }
        }
        scalar => {
            if place != Place::Root {
                out.push(b' ');
            }
            // What is nested in text are only its lines.
            let lines = match indent {
                None => INDENT,
                Some(_) => deeper(indent, place),
            };
            write_scalar(scalar, lines, out);
        }
    }
}

/// The start of a line, unless the first part stands behind what is there.
fn begin(inline: bool, indent: usize, out: &mut Vec<u8>) {
    if inline {
        if out.last().is_some_and(|last| *last == b'-' || *last == b':' || *last == b'?') {
            out.push(b' ');
        }
        return;
    }
    if out.last().is_some_and(|last| *last != b'\n') {
        out.push(b'\n');
    }
    out.extend(std::iter::repeat_n(b' ', indent));
}

fn sequence(items: &[Value], place: Place, indent: Option<usize>, out: &mut Vec<u8>) {
    let indent = deeper(indent, place);
    for (index, item) in items.iter().enumerate() {
        begin(index == 0 && place != Place::Member, indent, out);
        out.push(b'-');
        node(item, Place::Item, Some(indent), out);
    }
}

fn member(key: &Text, value: &Value, indent: usize, out: &mut Vec<u8>) {
    if key.len() > SIMPLE_KEY || key.contains(analysis::is_break) {
        // A key that is too long has a line of its own.
        out.push(b'?');
        out.push(b' ');
        string(key, deeper(Some(indent), Place::Member), false, out);
        begin(false, indent, out);
        out.push(b':');
        node(value, Place::Item, Some(indent), out);
        return;
    }
    string(key, indent, true, out);
    out.push(b':');
    node(value, Place::Member, Some(indent), out);
}

fn write_scalar(value: &Value, indent: usize, out: &mut Vec<u8>) {
    match value {
        Value::Array(_) | Value::Bytes(_) => out.extend_from_slice(b"[]"),
        Value::Object(_) => out.extend_from_slice(b"{}"),
        // A number that was read is text to Go, and is kept from becoming a number again.
        Value::String(text) | Value::Number(text) => string(text, indent, false, out),
        Value::Float(number) if number.is_nan() => out.extend_from_slice(b".nan"),
        Value::Float(number) if number.is_infinite() => {
            out.extend_from_slice(if *number > 0.0 { b".inf" } else { b"-.inf" });
        }
        Value::Float(number) => out.extend_from_slice(float_general(*number).as_bytes()),
        other => out.extend_from_slice(other.to_text().as_bytes()),
    }
}

fn string(text: &str, indent: usize, key: bool, out: &mut Vec<u8>) {
    let allowed = analysis::analyse(text);
    if text.contains('\n') && !key && allowed.block {
        literal(text, indent, out);
    } else if text.contains('\n')
        || !(scalar::stays_text(text) || (text == "<<" && !key))
        || (!allowed.plain && !allowed.single)
    {
        double_quoted(text, out);
    } else if allowed.plain {
        out.extend_from_slice(text.as_bytes());
    } else {
        out.push(b'\'');
        out.extend_from_slice(text.replace('\'', "''").as_bytes());
        out.push(b'\'');
    }
}

fn literal(text: &str, indent: usize, out: &mut Vec<u8>) {
    out.push(b'|');
    if text.starts_with(|first| first == ' ' || analysis::is_break(first)) {
        out.extend_from_slice(INDENT.to_string().as_bytes());
    }
    let trimmed = text.strip_suffix(analysis::is_break);
    match trimmed {
        None => out.push(b'-'),
        Some(rest) if rest.is_empty() || rest.ends_with(analysis::is_break) => out.push(b'+'),
        Some(_) => {}
    }
    // A line feed at the start ends the line of the indicator, and is lost; so it is in Go.
    let skipped = usize::from(text.starts_with('\n'));
    for line in trimmed.unwrap_or(text).split('\n').skip(skipped) {
        out.push(b'\n');
        if !line.is_empty() {
            out.extend(std::iter::repeat_n(b' ', indent));
            out.extend_from_slice(line.as_bytes());
        }
    }
    if trimmed == Some("") {
        return;
    }
    if trimmed.is_some_and(|rest| rest.ends_with('\n')) {
        out.push(b'\n');
    }
}

fn double_quoted(text: &str, out: &mut Vec<u8>) {
    out.push(b'"');
    for character in text.chars() {
        if analysis::is_printable(character)
            && !analysis::is_break(character)
            && !matches!(character, '"' | '\\')
        {
            out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
            continue;
        }
        let code = u32::from(character);
        let escape = match character {
            '\0' => "\\0".to_owned(),
            '\u{7}' => "\\a".to_owned(),
            '\u{8}' => "\\b".to_owned(),
            '\t' => "\\t".to_owned(),
            '\n' => "\\n".to_owned(),
            '\u{b}' => "\\v".to_owned(),
            '\u{c}' => "\\f".to_owned(),
            '\r' => "\\r".to_owned(),
            '\u{1b}' => "\\e".to_owned(),
            '"' => "\\\"".to_owned(),
            '\\' => "\\\\".to_owned(),
            '\u{85}' => "\\N".to_owned(),
            '\u{2028}' => "\\L".to_owned(),
            '\u{2029}' => "\\P".to_owned(),
            _ if code <= 0xff => format!("\\x{code:02X}"),
            _ if code <= 0xffff => format!("\\u{code:04X}"),
            _ => format!("\\U{code:08X}"),
        };
        out.extend_from_slice(escape.as_bytes());
    }
    out.push(b'"');
}
