//! Equality and order between values, as the language defines them.

use std::borrow::Cow;
use std::cmp::Ordering;

use super::{Number, Text, Value};

impl Value {
    /// The equality of `==`. Two integers are compared as such, everything else as [`Value::alike`] does it.
    pub(crate) fn same(&self, other: &Self) -> bool {
        match (self.as_number(), other.as_number()) {
            (Some(left), Some(right)) => Number::order(left, right) == Some(Ordering::Equal),
            _ => self.alike(other),
        }
    }

    /// Whether two values are alike: text, bytes and times by their text, numbers as floats, containers deeply. A bool
    /// on the left takes a number on the right as its truth; a number on the left takes no bool. What a map lacks
    /// is null. Nothing is like a value that stands for deletion or for nothing.
    pub(crate) fn alike(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Null, right) => matches!(right, Self::Null),
            (Self::Bool(left), right) => right.as_truth() == Some(*left),
            (Self::String(left), Self::String(right)) => left == right,
            (Self::Array(left), Self::Array(right)) => {
                left.len() == right.len() && left.iter().zip(right.iter()).all(|(a, b)| a.alike(b))
            }
            (Self::Object(left), Self::Object(right)) => {
                let pair = |(key, value): (&Text, &Self)| value.alike(right.get(key).unwrap_or(&Self::Null));
                left.len() == right.len() && left.iter().all(pair)
            }
            (left, right) => match (left.as_number(), right.as_number()) {
                (Some(left), Some(right)) => left.as_f64() == right.as_f64(),
                _ => match (left.shown_bytes(), right.shown_bytes()) {
                    (Some(left), Some(right)) => left == right,
                    _ => false,
                },
            },
        }
    }

    /// The bytes of text, bytes, or a timestamp as text.
    fn shown_bytes(&self) -> Option<Cow<'_, [u8]>> {
        match self {
            Self::Timestamp(at) => Some(Cow::Owned(at.to_string().into_bytes())),
            other => other.as_bytes().map(Cow::Borrowed),
        }
    }

    /// The order of `<` and its kin; `None` when the two cannot be compared.
    pub(crate) fn order(&self, other: &Self) -> Option<Ordering> {
        match (self, other) {
            (Self::Int(left), Self::Int(right)) => Some(left.cmp(right)),
            (Self::String(left), Self::String(right)) => Some(left.cmp(right)),
            _ => match (self.shown_bytes(), other.shown_bytes()) {
                (Some(left), Some(right)) => Some(left.cmp(&right)),
                (None, None) => Number::order(self.as_number()?, other.as_number()?),
                _ => None,
            },
        }
    }

    /// A bool, or a number as "not zero".
    pub(crate) fn as_truth(&self) -> Option<bool> {
        match self {
            Self::Bool(value) => Some(*value),
            // One kept as text is true unless it is written as a plain zero.
            Self::Number(text) => Some(text.as_str() != "0"),
            other => other.as_number().map(|number| number.as_f64() != 0.0),
        }
    }

    /// The bytes of text or of bytes.
    pub(crate) fn as_bytes(&self) -> Option<&[u8]> {
        match self {
            Self::String(text) => Some(text.raw()),
            Self::Bytes(bytes) => Some(bytes),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Text, Value};

    #[test]
    fn big_integers_compare_exactly() {
        assert!(!Value::Int(1_780_921_717_355_446_273).same(&Value::Int(1_780_921_717_355_446_272)));
    }

    #[test]
    fn a_bool_takes_a_number_only_on_its_right() {
        assert!(Value::Bool(true).same(&Value::Int(1)));
        assert!(!Value::Int(1).same(&Value::Bool(true)));
    }

    #[test]
    fn numbers_kept_as_text_compare_by_value() {
        assert!(Value::Number(Text::fixed("10.0")).same(&Value::Int(10)));
    }

    #[test]
    fn what_stands_for_deletion_is_like_nothing() {
        assert!(!Value::Delete.same(&Value::Delete));
        assert!(!Value::Null.same(&Value::Nothing));
    }
}
