//! Numbers to calculate with.

use std::cmp::Ordering;

use super::Value;

/// A number in one of the three shapes arithmetic knows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Number {
    Int(i64),
    Uint(u64),
    Float(f64),
}

impl Number {
    #[expect(clippy::cast_precision_loss, reason = "degrading to a float is what the language defines")]
    pub(crate) fn as_f64(self) -> f64 {
        match self {
            Self::Int(value) => value as f64,
            Self::Uint(value) => value as f64,
            Self::Float(value) => value,
        }
    }

    /// As a signed integer; fractions are cut off, what is out of range wraps, or is the least one, as in Go.
    #[expect(clippy::cast_possible_wrap, reason = "wrapping is what the language defines")]
    pub(crate) fn as_i64(self) -> i64 {
        match self {
            Self::Int(value) => value,
            Self::Uint(value) => value as i64,
            Self::Float(value) => float_to_i64(value),
        }
    }

    /// As a signed integer when the number is one.
    pub(crate) fn whole(self) -> Option<i64> {
        match self {
            Self::Int(value) => Some(value),
            Self::Uint(value) => i64::try_from(value).ok(),
            Self::Float(value) => whole_float(value),
        }
    }

    /// Compares by value: integers exactly, anything with a float as floats.
    pub(crate) fn order(self, other: Self) -> Option<Ordering> {
        match (self, other) {
            (Self::Int(a), Self::Int(b)) => Some(a.cmp(&b)),
            (Self::Uint(a), Self::Uint(b)) => Some(a.cmp(&b)),
            (Self::Int(a), Self::Uint(b)) => Some(i128::from(a).cmp(&i128::from(b))),
            (Self::Uint(a), Self::Int(b)) => Some(i128::from(a).cmp(&i128::from(b))),
            _ => self.as_f64().partial_cmp(&other.as_f64()),
        }
    }
}

/// Cuts off the fraction. What is out of range, and what is not a number, becomes the least integer, as on the machines
/// Bento usually runs on.
#[expect(clippy::cast_possible_truncation, reason = "cutting is what the language defines")]
pub(crate) fn float_to_i64(value: f64) -> i64 {
    if (-9_223_372_036_854_775_808.0..9_223_372_036_854_775_808.0).contains(&value) {
        value as i64
    } else {
        i64::MIN
    }
}

/// `value` as an integer when it has no fraction and fits.
pub(crate) fn whole_float(value: f64) -> Option<i64> {
    // 2^63 itself is out of range, hence the strict upper bound.
    let fits =
        value.fract() == 0.0 && (-9_223_372_036_854_775_808.0..9_223_372_036_854_775_808.0).contains(&value);
    fits.then(|| Number::Float(value).as_i64())
}

impl From<Number> for Value {
    fn from(number: Number) -> Self {
        match number {
            Number::Int(value) => Self::Int(value),
            Number::Uint(value) => Self::Uint(value),
            Number::Float(value) => Self::Float(value),
        }
    }
}

impl Value {
    /// The value as a number, when it is one. A number kept as text is an integer if its text is one that fits.
    pub(crate) fn as_number(&self) -> Option<Number> {
        match self {
            Self::Int(value) => Some(Number::Int(*value)),
            Self::Uint(value) => Some(Number::Uint(*value)),
            Self::Float(value) => Some(Number::Float(*value)),
            Self::Number(text) => match text.parse::<i64>() {
                Ok(value) => Some(Number::Int(value)),
                // One beyond all floats is no number to calculate with.
                Err(_) => text.parse::<f64>().ok().filter(|value| value.is_finite()).map(Number::Float),
            },
            _ => None,
        }
    }
}
