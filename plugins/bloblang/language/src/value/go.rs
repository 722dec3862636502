//! Text forms that are visible in output and follow Go: floats, quoted strings, names of types.

use std::fmt::Write as _;

use super::Value;

/// Decimal digits without a point, and the power of ten of the first one: 5.61e9 is `("561", 9)`.
fn digits(value: f64) -> (String, i32) {
    let text = format!("{value:e}");
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    (even(value, mantissa.replace('.', "")), exponent.parse().unwrap_or(0))
}

/// The shortest digits that are read as `value` again. Where the value lies right between two choices of the last one, Go
/// takes the even digit and Rust the greater. That needs a value of one digit more, so the digits are many.
fn even(value: f64, digits: String) -> String {
    let (length, last) = (digits.len(), digits.bytes().last().unwrap_or(b'0'));
    if length < 16 || last % 2 == 0 {
        return digits;
    }
    let exact = format!("{value:.prec$e}", prec = length + 20).replace('.', "");
    let rest = exact.get(length - 1..).and_then(|rest| rest.split('e').next()).unwrap_or_default();
    let below = char::from(last - 1);
    let tie = rest.strip_prefix(below).and_then(|rest| rest.strip_prefix('5'));
    if tie.is_some_and(|rest| rest.bytes().all(|digit| digit == b'0')) {
        return digits.get(..length - 1).unwrap_or_default().to_owned() + below.encode_utf8(&mut [0; 4]);
    }
    digits
}

/// A float without an exponent.
fn plain(value: f64, out: &mut String) {
    let (digits, exponent) = digits(value.abs());
    if value.is_sign_negative() {
        out.push('-');
    }
    let point = usize::try_from(exponent + 1).unwrap_or(0);
    if exponent < 0 {
        out.push_str("0.");
        out.extend(std::iter::repeat_n('0', usize::try_from(-exponent - 1).unwrap_or(0)));
        out.push_str(&digits);
    } else if point >= digits.len() {
        out.push_str(&digits);
        out.extend(std::iter::repeat_n('0', point - digits.len()));
    } else {
        let (whole, fraction) = digits.split_at_checked(point).unwrap_or((&digits, ""));
        out.push_str(whole);
        out.push('.');
        out.push_str(fraction);
    }
}

fn scientific(value: f64, least_digits: usize, out: &mut String) {
    let (digits, exponent) = digits(value.abs());
    if value.is_sign_negative() {
        out.push('-');
    }
    let (first, rest) = digits.split_at_checked(1).unwrap_or((&digits, ""));
    out.push_str(first);
    if !rest.is_empty() {
        out.push('.');
        out.push_str(rest);
    }
    let sign = if exponent < 0 { '-' } else { '+' };
    let _ = write!(out, "e{sign}{:0least_digits$}", exponent.unsigned_abs());
}

/// A float as JSON shows it: plain between 1e-6 and 1e21, otherwise with an exponent. Not a number and the
/// infinities have no JSON form and become null.
pub(super) fn float_json(value: f64, out: &mut String) {
    let size = value.abs();
    if !value.is_finite() {
        out.push_str("null");
    } else if size != 0.0 && !(1e-6..1e21).contains(&size) {
        // Go writes e-7, but e+21: only the negative exponent loses its leading zero.
        scientific(value, if size < 1.0 { 1 } else { 2 }, out);
    } else {
        plain(value, out);
    }
}

/// The power of ten from which on the general form has an exponent.
const EXPONENT_FROM: i32 = 6;

/// A float in its shortest general form, as `.string()` gives it: with an exponent below 1e-4 and from 1e6 up.
pub(crate) fn float_general(value: f64, out: &mut String) {
    if value.is_nan() {
        out.push_str("NaN");
    } else if value.is_infinite() {
        out.push_str(if value > 0.0 { "+Inf" } else { "-Inf" });
    } else if value == 0.0 {
        out.push_str(if value.is_sign_negative() { "-0" } else { "0" });
    } else {
        let (_, exponent) = digits(value.abs());
        if !(-4..EXPONENT_FROM).contains(&exponent) {
            scientific(value, 2, out);
        } else {
            plain(value, out);
        }
    }
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
            Self::Float(value) => float_general(*value, out),
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
    use super::{float_general, float_json, quoted};

    #[expect(clippy::excessive_precision, reason = "more digits than a float has are the point")]
    #[test]
    fn floats_follow_gos_json_rules() {
        let cases = [
            (1.0, "1"),
            (0.1, "0.1"),
            (1e20, "100000000000000000000"),
            (1e21, "1e+21"),
            (1.5e300, "1.5e+300"),
            (1e-6, "0.000001"),
            (1.5e-7, "1.5e-7"),
            (-2.5e-10, "-2.5e-10"),
            (-0.0, "-0"),
            (100.5, "100.5"),
            (2_217_695_387_389_300.25, "2217695387389300.2"),
            (0.000_012_345, "0.000012345"),
        ];
        for (value, expected) in cases {
            let mut out = String::new();
            float_json(value, &mut out);
            assert_eq!(out, expected);
        }
    }

    #[test]
    fn floats_in_text_use_the_general_form() {
        let cases = [
            (5_617_410_000.0, "5.61741e+09"),
            (100_000.0, "100000"),
            (1_234_567.0, "1.234567e+06"),
            (0.0001, "0.0001"),
            (0.00001, "1e-05"),
            (5.2, "5.2"),
        ];
        for (value, expected) in cases {
            let mut out = String::new();
            float_general(value, &mut out);
            assert_eq!(out, expected);
        }
    }

    #[test]
    fn quotes_escape_what_go_escapes() {
        assert_eq!(quoted("a\"b\\\n\u{1}\u{e9}"), "\"a\\\"b\\\\\\n\\x01\u{e9}\"");
    }
}
