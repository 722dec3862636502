//! Explicit conversions: what `.string()`, `.number()`, `.bool()` and their kin accept.

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
            Self::Float(value) => Text::from(float_general(*value)),
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
