//! Words, numbers and quoted strings.

use std::fmt::Write;

use crate::value::{self, Text};

/// Whether `name` can stand without quotes.
pub(super) fn is_word(name: &Text) -> bool {
    !name.is_broken()
        && !name.is_empty()
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// `text` in quotes; what is no UTF-8 in it is escaped byte by byte.
pub(super) fn quoted(text: &Text) -> String {
    if !text.is_broken() {
        return value::quoted(text);
    }
    let mut out = String::from("\"");
    for chunk in text.raw().utf8_chunks() {
        let valid = value::quoted(chunk.valid());
        out.push_str(valid.get(1..valid.len() - 1).unwrap_or_default());
        for byte in chunk.invalid() {
            let _ = write!(out, "\\x{byte:02x}");
        }
    }
    out.push('"');
    out
}

/// A number with a point, however large or small it is: the language knows no exponents.
pub(super) fn float(number: f64) -> String {
    let text = number.to_string();
    if text.contains('.') { text } else { format!("{text}.0") }
}

#[cfg(test)]
mod tests {
    use super::{float, quoted};
    use crate::lexer::Lexer;
    use crate::value::{Text, Value};

    #[test]
    fn every_byte_can_be_quoted() {
        for text in [
            &b"\"a\\\" \x07\x08\x0c\n\r\t\x0b\x7f"[..],
            b"\"\xff\"\\\xc3",
            "\u{85}\u{2028}\u{1f600}".as_bytes(),
        ] {
            let written = quoted(&Text::of(text));
            let read = Lexer::new(&written).string().expect(&written);
            assert_eq!(read.raw(), text, "{written}");
        }
    }

    #[test]
    fn floats_are_written_without_exponents() {
        for number in [0.0, 1.0, 0.1, 1e300, 5e-324, f64::MAX, 1.0 / 3.0, 9_007_199_254_740_993.0] {
            let written = float(number);
            assert_eq!(Lexer::new(&written).number(), Ok(Value::Float(number)), "{written}");
        }
    }
}
