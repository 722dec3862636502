//! From values to MessagePack.

use super::TIMESTAMP;
use crate::value::{Number, Timestamp, Value};

/// Appends a value. Integers of a document are written as short as they go, others in full, which is how Bento writes
/// them.
pub(crate) fn write(value: &Value, out: &mut Vec<u8>) {
    match value {
        Value::Null | Value::Delete | Value::Nothing => out.push(0xc0),
        Value::Bool(value) => out.push(if *value { 0xc3 } else { 0xc2 }),
        Value::Int(value) => wide(0xd3, *value, 8, out),
        Value::Uint(value) => {
            out.push(0xcf);
            out.extend(value.to_be_bytes());
        }
        Value::Float(value) => float(*value, out),
        Value::Number(_) => match value.as_number() {
            Some(Number::Int(value)) => integer(value, out),
            other => float(other.map_or(0.0, Number::as_f64), out),
        },
        Value::String(text) => {
            match text.len() {
                length @ 0..32 => out.push(0xa0 | low(length)),
                length => header([Some(0xd9), Some(0xda), Some(0xdb)], length, out),
            }
            out.extend(text.as_bytes());
        }
        Value::Bytes(bytes) => {
            header([Some(0xc4), Some(0xc5), Some(0xc6)], bytes.len(), out);
            out.extend(bytes.iter());
        }
        Value::Timestamp(at) => timestamp(*at, out),
        Value::Array(items) if items.is_nil() => out.push(0xc0),
        Value::Array(items) => {
            match items.len() {
                length @ 0..16 => out.push(0x90 | low(length)),
                length => header([None, Some(0xdc), Some(0xdd)], length, out),
            }
            items.iter().for_each(|item| write(item, out));
        }
        Value::Object(object) => {
            match object.len() {
                length @ 0..16 => out.push(0x80 | low(length)),
                length => header([None, Some(0xde), Some(0xdf)], length, out),
            }
            for (key, value) in object.iter() {
                write(&Value::String(key.clone()), out);
                write(value, out);
            }
        }
    }
}

fn low(length: usize) -> u8 {
    u8::try_from(length).unwrap_or_default()
}

/// A length behind the code for lengths of one, two or four bytes, whichever is the first that fits.
fn header(codes: [Option<u8>; 3], length: usize, out: &mut Vec<u8>) {
    match (codes, u8::try_from(length), u16::try_from(length)) {
        ([Some(code), _, _], Ok(length), _) => out.extend([code, length]),
        ([_, Some(code), _], _, Ok(length)) => {
            out.push(code);
            out.extend(length.to_be_bytes());
        }
        ([_, _, code], _, _) => {
            out.extend(code);
            out.extend(u32::try_from(length).unwrap_or(u32::MAX).to_be_bytes());
        }
    }
}

fn integer(value: i64, out: &mut Vec<u8>) {
    match value {
        -32..=127 => out.push(value.to_be_bytes()[7]),
        128..=0xff => wide(0xcc, value, 1, out),
        0x100..=0xffff => wide(0xcd, value, 2, out),
        0x1_0000..=0xffff_ffff => wide(0xce, value, 4, out),
        0x1_0000_0000.. => wide(0xcf, value, 8, out),
        -0x80..-32 => wide(0xd0, value, 1, out),
        -0x8000..-0x80 => wide(0xd1, value, 2, out),
        -0x8000_0000..-0x8000 => wide(0xd2, value, 4, out),
        ..-0x8000_0000 => wide(0xd3, value, 8, out),
    }
}

/// The last bytes of an integer behind a code.
fn wide(code: u8, value: i64, bytes: usize, out: &mut Vec<u8>) {
    out.push(code);
    out.extend(value.to_be_bytes().iter().skip(8 - bytes));
}

fn float(value: f64, out: &mut Vec<u8>) {
    out.push(0xcb);
    out.extend(value.to_be_bytes());
}

fn timestamp(at: Timestamp, out: &mut Vec<u8>) {
    let kind = TIMESTAMP.cast_unsigned();
    match u64::try_from(at.seconds) {
        Ok(seconds) if seconds >> 34 == 0 => match (at.nanoseconds, u32::try_from(seconds)) {
            (0, Ok(seconds)) => {
                out.extend([0xd6, kind]);
                out.extend(seconds.to_be_bytes());
            }
            (nanoseconds, _) => {
                out.extend([0xd7, kind]);
                out.extend((u64::from(nanoseconds) << 34 | seconds).to_be_bytes());
            }
        },
        _ => {
            out.extend([0xc7, 12, kind]);
            out.extend(at.nanoseconds.to_be_bytes());
            out.extend(at.seconds.to_be_bytes());
        }
    }
}
