//! JSON, written.
//!
//! Keys come out sorted because objects hold them so. U+2028 and U+2029 are always escaped, as Go does it; `<`, `>`
//! and `&` only on demand.

pub(crate) use forebay_json::Html;
use forebay_json::{write_float, write_inside};

use super::json::rewrite;
use super::lazy::Written;
use super::{Object, Text, Value};

/// Appends `value` as compact JSON. Bytes become base64; what JSON cannot say becomes null.
pub(crate) fn write_json(value: &Value, html: Html, out: &mut Vec<u8>) {
    match value {
        Value::Object(object) => write_object(object, html, out),
        Value::Array(array) => match array.written() {
            Written::Same(text) if keeps(text, html) => out.extend_from_slice(text.as_bytes()),
            Written::Same(text) | Written::Text(text) => rewrite(text, html, out),
            Written::Members(items) => {
                out.push(b'[');
                for (index, item) in items.iter().enumerate() {
                    if index > 0 {
                        out.push(b',');
                    }
                    write_json(item, html, out);
                }
                out.push(b']');
            }
            Written::Never => out.extend_from_slice(b"null"),
        },
        scalar => write_scalar(scalar, html, out),
    }
}

fn write_object(object: &Object, html: Html, out: &mut Vec<u8>) {
    if object.write_over(html, out) {
        return;
    }
    match object.written() {
        Written::Same(text) if keeps(text, html) => out.extend_from_slice(text.as_bytes()),
        Written::Same(text) | Written::Text(text) => rewrite(text, html, out),
        Written::Members(entries) => {
            out.push(b'{');
            for (index, (key, value)) in entries.iter().enumerate() {
                if index > 0 {
                    out.push(b',');
                }
                write_string(key, html, out);
                out.push(b':');
                write_json(value, html, out);
            }
            out.push(b'}');
        }
        Written::Never => out.extend_from_slice(b"{}"),
    }
}

/// Whether text without escapes, which was read as JSON, would be written as it is.
pub(super) fn keeps(text: &Text, html: Html) -> bool {
    html == Html::Plain && memchr::memchr(0xe2, text.as_bytes()).is_none()
}

/// Appends `value` as JSON over several lines, each level indented by `indent`.
pub(crate) fn write_indented(value: &Value, indent: &str, html: Html, out: &mut Vec<u8>) {
    indented(value, indent, html, 1, out);
}

fn indented(value: &Value, indent: &str, html: Html, level: usize, out: &mut Vec<u8>) {
    let line = |level: usize, out: &mut Vec<u8>| {
        out.push(b'\n');
        for _ in 0..level {
            out.extend_from_slice(indent.as_bytes());
        }
    };
    match value {
        Value::Object(object) if !object.is_empty() => {
            out.push(b'{');
            for (index, (key, value)) in object.iter().enumerate() {
                if index > 0 {
                    out.push(b',');
                }
                line(level, out);
                write_string(key, html, out);
                out.extend_from_slice(b": ");
                indented(value, indent, html, level + 1, out);
            }
            line(level - 1, out);
            out.push(b'}');
        }
        Value::Array(items) if !items.is_empty() => {
            out.push(b'[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    out.push(b',');
                }
                line(level, out);
                indented(item, indent, html, level + 1, out);
            }
            line(level - 1, out);
            out.push(b']');
        }
        other => write_json(other, html, out),
    }
}

fn write_scalar(value: &Value, html: Html, out: &mut Vec<u8>) {
    match value {
        Value::Bool(true) => out.extend_from_slice(b"true"),
        Value::Bool(false) => out.extend_from_slice(b"false"),
        Value::Int(value) => write_integer(*value < 0, value.unsigned_abs(), out),
        Value::Uint(value) => write_integer(false, *value, out),
        Value::Float(value) => {
            if let Some(whole) = super::number::whole_float(*value)
                && whole.unsigned_abs() < 1 << 53
                && (whole != 0 || value.is_sign_positive())
            {
                return write_integer(whole < 0, whole.unsigned_abs(), out);
            }
            if value.is_finite() {
                write_float(*value, out);
            } else {
                // JSON has neither infinities nor what is not a number.
                out.extend_from_slice(b"null");
            }
        }
        Value::Number(text) => out.extend_from_slice(text.as_bytes()),
        Value::String(text) => write_string(text, html, out),
        Value::Bytes(bytes) => {
            use base64::Engine as _;
            let text = base64::engine::general_purpose::STANDARD.encode(bytes);
            write_string(&Text::from(text), html, out);
        }
        Value::Timestamp(at) => write_string(&Text::from(at.to_string()), html, out),
        Value::Null | Value::Array(_) | Value::Object(_) | Value::Delete | Value::Nothing => {
            out.extend_from_slice(b"null");
        }
    }
}

fn write_integer(negative: bool, mut value: u64, out: &mut Vec<u8>) {
    let mut digits = [0; 20];
    let mut start = digits.len();
    loop {
        start -= 1;
        digits[start] = b'0' + u8::try_from(value % 10).unwrap_or_default();
        value /= 10;
        if value == 0 {
            break;
        }
    }
    if negative {
        out.push(b'-');
    }
    out.extend_from_slice(&digits[start..]);
}

pub(super) fn write_string(text: &Text, html: Html, out: &mut Vec<u8>) {
    if text.is_broken() {
        return forebay_json::write_string(text.raw(), html, out);
    }
    out.push(b'"');
    write_inside(text.as_bytes(), html, out);
    out.push(b'"');
}

#[cfg(test)]
mod tests {
    use super::{Html, write_indented, write_json};
    use crate::value::{Value, document};

    #[test]
    fn html_is_escaped_only_on_demand() {
        let value = Value::from("<a & b>");
        let (mut plain, mut escaped) = (Vec::new(), Vec::new());
        write_json(&value, Html::Plain, &mut plain);
        write_json(&value, Html::Escaped, &mut escaped);
        assert_eq!(plain, b"\"<a & b>\"");
        assert_eq!(escaped, b"\"\\u003ca \\u0026 b\\u003e\"");
    }

    #[test]
    fn indented_output_leaves_empty_containers_on_one_line() {
        let value = document(br#"{"a":[],"b":{"c":[1,2]}}"#).expect("valid");
        let mut out = Vec::new();
        write_indented(&value, "  ", Html::Plain, &mut out);
        let expected = "{\n  \"a\": [],\n  \"b\": {\n    \"c\": [\n      1,\n      2\n    ]\n  }\n}";
        assert_eq!(String::from_utf8_lossy(&out), expected);
    }

    #[test]
    fn bytes_become_base64() {
        let mut out = Vec::new();
        write_json(&Value::bytes(b"hello"), Html::Plain, &mut out);
        assert_eq!(out, b"\"aGVsbG8=\"");
    }
}
