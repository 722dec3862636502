//! Explicit conversions: what `.string()`, `.number()`, `.bool()` and their kin accept.

use super::number::whole_float;
use super::{Html, Number, Text, Timestamp, Value, float_general, write_json};
use crate::failure::Failure;
use crate::time::{Zone, parse};

impl Value {
    /// The value as text. Text and bytes stay themselves; containers become compact
    /// JSON in which `<`, `>` and `&` are escaped.
    pub(crate) fn to_text(&self) -> Text {
        match self {
            Self::String(text) | Self::Number(text) => text.clone(),
            Self::Bytes(bytes) => Text::of(bytes),
            Self::Null | Self::Delete | Self::Nothing => Text::fixed("null"),
            Self::Bool(true) => Text::fixed("true"),
            Self::Bool(false) => Text::fixed("false"),
            Self::Int(value) => Text::from(value.to_string()),
            Self::Uint(value) => Text::from(value.to_string()),
            Self::Float(value) => {
                let mut out = String::new();
                float_general(*value, &mut out);
                Text::from(out)
            }
            Self::Timestamp(at) => Text::from(at.to_string()),
            Self::Array(_) | Self::Object(_) => {
                let mut out = Vec::new();
                write_json(self, Html::Escaped, &mut out);
                Text::lossy(&out)
            }
        }
    }

    /// Appends what [`Value::to_text`] gives.
    pub(crate) fn write_text(&self, out: &mut Vec<u8>) {
        match self {
            Self::String(text) | Self::Number(text) => out.extend_from_slice(text.raw()),
            Self::Bytes(bytes) => out.extend_from_slice(bytes),
            Self::Array(_) | Self::Object(_) => write_json(self, Html::Escaped, out),
            other => out.extend_from_slice(other.to_text().as_bytes()),
        }
    }

    /// The value as text only if it is text or bytes.
    pub(crate) fn as_text(&self) -> Option<Text> {
        match self {
            Self::String(text) => Some(text.clone()),
            Self::Bytes(bytes) => Some(Text::of(bytes)),
            _ => None,
        }
    }

    /// The value as a number, reading it from text if need be.
    pub(crate) fn to_number(&self) -> Option<Number> {
        match self.as_text() {
            Some(text) => float(&text).map(Number::Float),
            None => self.as_number(),
        }
    }

    /// The value as a signed integer, reading it from text (also hexadecimal, octal, binary) if need be.
    ///
    /// # Errors
    /// `None` when it is no number at all, the reason when it is one that does not fit.
    pub(crate) fn to_integer(&self) -> Result<i64, Option<String>> {
        let number = match self.as_text() {
            Some(text) => match integer(&text) {
                Some(value) => return i64::try_from(value).map_err(|_| Some(out_of_range(self))),
                None => Number::Float(float(&text).ok_or(None)?),
            },
            None => self.as_number().ok_or(None)?,
        };
        match number {
            Number::Float(value) if value.fract() != 0.0 => Err(Some(format!(
                "value {} has decimals and cannot become an integer, use round(), floor() or ceil() first",
                self.verbose()
            ))),
            Number::Float(value) => whole_float(value).ok_or_else(|| Some(out_of_range(self))),
            other => other.whole().ok_or_else(|| Some(out_of_range(self))),
        }
    }

    /// The value as a time: a timestamp, text in RFC 3339, or seconds since 1970 as `local` shows them.
    pub(crate) fn to_timestamp(&self, local: Zone) -> Result<Timestamp, Failure> {
        if let Self::Timestamp(at) = self {
            return Ok(*at);
        }
        let text = match self {
            // One beyond all floats is read as text.
            Self::Number(text) => Some(text.clone()),
            other => other.as_text(),
        };
        match (self.as_number(), text) {
            (Some(Number::Float(value)), _) => {
                let seconds = Timestamp::new(Number::Float(value.trunc()).as_i64(), 0, local);
                let rest = Number::Float(value.fract() * 1e9).as_i64();
                Ok(seconds.plus(i128::from(rest)))
            }
            (Some(number), _) => Ok(Timestamp::new(number.as_i64(), 0, local)),
            (None, Some(text)) => parse::parse(parse::RFC3339, &text).map_err(Failure::new),
            (None, None) => Err(Failure::expected("number or string", self)),
        }
    }

    /// The value as a bool: bools, numbers ("not zero") and the usual spellings.
    pub(crate) fn to_bool(&self) -> Option<bool> {
        match self.as_text() {
            Some(text) => match text.as_str() {
                "1" | "t" | "T" | "true" | "TRUE" | "True" => Some(true),
                "0" | "f" | "F" | "false" | "FALSE" | "False" => Some(false),
                _ => None,
            },
            None => self.as_truth(),
        }
    }
}

fn out_of_range(value: &Value) -> String {
    format!("value {} is out of range for an integer of 64 bits", value.verbose())
}

/// A float in text, as Go reads it: no surrounding space, "inf" and "nan" in any case.
fn float(text: &str) -> Option<f64> {
    text.parse().ok()
}

/// An integer in text with an optional sign and base prefix; underscores may separate digits after a prefix.
fn integer(text: &str) -> Option<i128> {
    let (negative, digits) = match text.as_bytes().first()? {
        b'-' => (true, text.get(1..)?),
        b'+' => (false, text.get(1..)?),
        _ => (false, text),
    };
    let lower = digits.to_ascii_lowercase();
    let (base, digits) = if let Some(rest) = lower.strip_prefix("0x") {
        (16, rest)
    } else if let Some(rest) = lower.strip_prefix("0b") {
        (2, rest)
    } else if let Some(rest) = lower.strip_prefix("0o") {
        (8, rest)
    } else if lower.len() > 1 && lower.starts_with('0') {
        (8, lower.get(1..)?)
    } else {
        (10, lower.as_str())
    };
    if digits.starts_with(['+', '-']) {
        return None;
    }
    let digits = if base == 10 { digits.to_owned() } else { digits.replace('_', "") };
    let value = i128::from_str_radix(&digits, base).ok()?;
    Some(if negative { -value } else { value })
}

#[cfg(test)]
mod tests {
    use super::super::Value;

    #[test]
    fn integers_are_read_in_any_base() {
        let cases = [("12", 12), ("-7", -7), ("0xDEADBEEF", 3_735_928_559), ("0b101", 5), ("017", 15)];
        for (text, expected) in cases {
            assert_eq!(Value::from(text).to_integer(), Ok(expected), "{text}");
        }
        assert_eq!(Value::from("nope").to_integer(), Err(None));
        assert!(matches!(Value::Float(1.5).to_integer(), Err(Some(_))));
    }
}
