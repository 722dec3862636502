//! Text forms that are visible in output and follow Go: floats, quoted strings, names of types.

use std::fmt::Write as _;

use forebay_json::Decimal;

use super::Value;

/// From this power of ten on the general form has an exponent.
const EXPONENT_FROM: i32 = 6;

/// A float in its shortest general form, as `.string()` gives it: with an exponent below 1e-4 and from 1e6 up.
pub(crate) fn float_general(value: f64) -> String {
    if value.is_nan() {
        return "NaN".to_owned();
    }
    if value.is_infinite() {
        return if value > 0.0 { "+Inf" } else { "-Inf" }.to_owned();
    }
    let mut out = Vec::with_capacity(24);
    let decimal = Decimal::of(value);
    if (-4..EXPONENT_FROM).contains(&decimal.exponent()) {
        decimal.write_plain(&mut out);
    } else {
        decimal.write_scientific(2, &mut out);
    }
    // Digits, signs and points are text.
    String::from_utf8(out).unwrap_or_default()
}

/// The text in double quotes with Go's escapes.
pub fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\u{7}' => out.push_str("\\a"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{b}' => out.push_str("\\v"),
            c if u32::from(c) < 0x20 || c == '\u{7f}' => {
                let _ = write!(out, "\\x{:02x}", u32::from(c));
            }
            c if c.is_control() || (c.is_whitespace() && c != ' ') => {
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

impl Value {
    /// The name Go prints for the value's type, which shows in a few messages.
    pub(crate) fn go_type(&self) -> &'static str {
        match self {
            Self::Null => "<nil>",
            Self::Bool(_) => "bool",
            Self::Int(_) => "int64",
            Self::Uint(_) => "uint64",
            Self::Float(_) => "float64",
            Self::Number(_) => "json.Number",
            Self::String(_) => "string",
            Self::Bytes(_) => "[]uint8",
            Self::Timestamp(_) => "time.Time",
            Self::Array(_) => "[]interface {}",
            Self::Object(_) => "map[string]interface {}",
            Self::Delete => "value.Delete",
            Self::Nothing => "value.Nothing",
        }
    }

    /// The value as Go's `%v` prints it.
    pub(crate) fn verbose(&self) -> String {
        let mut out = String::new();
        self.write_verbose(&mut out);
        out
    }

    fn write_verbose(&self, out: &mut String) {
        match self {
            Self::Null | Self::Delete | Self::Nothing => out.push_str("<nil>"),
            Self::Float(value) => out.push_str(&float_general(*value)),
            Self::Bytes(bytes) => {
                let shown: Vec<String> = bytes.iter().map(u8::to_string).collect();
                let _ = write!(out, "[{}]", shown.join(" "));
            }
            Self::Array(items) => {
                out.push('[');
                for (index, item) in items.iter().enumerate() {
                    if index > 0 {
                        out.push(' ');
                    }
                    item.write_verbose(out);
                }
                out.push(']');
            }
            Self::Object(object) => {
                out.push_str("map[");
                for (index, (key, value)) in object.iter().enumerate() {
                    if index > 0 {
                        out.push(' ');
                    }
                    let _ = write!(out, "{key}:");
                    value.write_verbose(out);
                }
                out.push(']');
            }
            other => out.push_str(&other.to_text()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{float_general, quoted};

    #[test]
    fn floats_in_text_use_the_general_form() {
        let cases = [
            (5_617_410_000.0, "5.61741e+09"),
            (100_000.0, "100000"),
            (1_234_567.0, "1.234567e+06"),
            (0.0001, "0.0001"),
            (0.00001, "1e-05"),
            (5.2, "5.2"),
            (0.0, "0"),
            (-0.0, "-0"),
        ];
        for (value, expected) in cases {
            assert_eq!(float_general(value), expected);
        }
    }

    #[test]
    fn quotes_escape_what_go_escapes() {
        assert_eq!(quoted("a\"b\\\n\u{1}\u{e9}"), "\"a\\\"b\\\\\\n\\x01\u{e9}\"");
    }
}
