//! Numbers: integers of 64 bits, larger ones without a limit, and floats.

use std::rc::Rc;

use num_bigint::{BigInt, Sign};

use crate::value::Value;

/// A large integer, or a small one where it fits.
pub(crate) fn small(number: BigInt) -> Value {
    i64::try_from(&number).map_or_else(|_| Value::Big(Rc::new(number)), Value::Int)
}

/// The number that a valid text says.
pub(crate) fn read(text: &str) -> Value {
    if let Ok(number) = text.parse::<i64>() {
        return Value::Int(number);
    }
    let infinite = || if text.starts_with('-') { f64::NEG_INFINITY } else { f64::INFINITY };
    if text.contains(['.', 'e', 'E']) {
        return Value::Float(text.parse().unwrap_or_else(|_| infinite()));
    }
    // More digits than this would take too long; no float is as large either.
    if text.len() > crate::limits::DIGITS {
        return Value::Float(infinite());
    }
    text.parse::<BigInt>().map_or_else(|_| Value::Float(infinite()), |number| Value::Big(Rc::new(number)))
}

#[expect(clippy::cast_precision_loss, reason = "the nearest float is what is asked for")]
pub(crate) fn wide(number: i64) -> f64 {
    number as f64
}

pub(crate) fn big_to_float(number: &BigInt) -> f64 {
    i64::try_from(number).map_or_else(|_| number.to_string().parse().unwrap_or(f64::INFINITY), wide)
}

/// Cuts off the fraction; what is too large becomes the largest there is.
#[expect(clippy::cast_possible_truncation, reason = "cutting is what the language defines")]
pub(crate) fn float_to_int(number: f64) -> i64 {
    // Not a number is what machines make of it, the least integer.
    if number.is_nan() { i64::MIN } else { number as i64 }
}

impl Value {
    /// As a place in a list, cut and bounded, where it is a number.
    pub(crate) fn as_int(&self) -> Option<i64> {
        match self {
            Self::Int(number) => Some(*number),
            Self::Float(number) => Some(float_to_int(*number)),
            Self::Big(number) => Some(i64::try_from(&**number).unwrap_or(match number.sign() {
                Sign::Minus => i64::MIN,
                Sign::NoSign | Sign::Plus => i64::MAX,
            })),
            _ => None,
        }
    }

    pub(crate) fn as_float(&self) -> Option<f64> {
        match self {
            Self::Int(number) => Some(wide(*number)),
            Self::Float(number) => Some(*number),
            Self::Big(number) => Some(big_to_float(number)),
            _ => None,
        }
    }
}

/// Whether a text is a number as programs write it, a sign in front included.
pub(crate) fn is_number(text: &str) -> bool {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (unsigned, None),
    };
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let is_right = exponent.is_none_or(|exponent| {
        let exponent = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
        !exponent.is_empty() && digits(exponent)
    });
    // A point may stand in front or behind, not alone.
    digits(whole) && digits(fraction) && !(whole.is_empty() && fraction.is_empty()) && is_right
}
