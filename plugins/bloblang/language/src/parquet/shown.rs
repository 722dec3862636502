//! Stored values as values of the language.

use super::budget::{CONTAINER, PIECE};
use super::schema::Meaning;
use crate::text::decimal;
use crate::value::{Text, Value};

/// The most bytes of a decimal number: turning them into digits takes time that grows with their square.
const DECIMAL: usize = 1024;

/// A value as it is stored.
#[derive(Clone, Copy, Debug)]
pub(super) enum Stored<'b> {
    Int32(i32),
    Int64(i64),
    Int96([u8; 12]),
    Float(f32),
    Double(f64),
    Bytes(&'b [u8]),
    Fixed(&'b [u8]),
}

/// The most bytes that the value takes beside the `Value` that it is.
pub(super) fn cost(stored: Stored<'_>, meaning: Meaning) -> usize {
    let array = |length: usize| CONTAINER + length.saturating_mul(size_of::<Value>());
    match (stored, meaning) {
        (Stored::Int96(_), _) => array(3),
        // A byte is less than three digits; a sign, a point, zeros and an exponent come to them.
        (Stored::Bytes(bytes) | Stored::Fixed(bytes), Meaning::Decimal { .. }) => {
            PIECE + 3 * bytes.len() + 24
        }
        (Stored::Fixed(bytes), Meaning::InMap) => array(bytes.len()),
        // What is no UTF-8 is kept as it is and as it is shown, where three bytes may stand for one.
        (Stored::Bytes(bytes), Meaning::Plain | Meaning::Json | Meaning::Unsigned)
            if std::str::from_utf8(bytes).is_err() =>
        {
            3 * PIECE + bytes.len().saturating_mul(4)
        }
        (Stored::Bytes(bytes) | Stored::Fixed(bytes), _) => PIECE + bytes.len(),
        _ => 0,
    }
}

/// The value; documents of JSON stay text here.
///
/// # Errors
/// A decimal number is too long.
pub(super) fn show(stored: Stored<'_>, meaning: Meaning) -> Result<Value, String> {
    Ok(match (stored, meaning) {
        (Stored::Int32(value), Meaning::Unsigned) => Value::Int(i64::from(value.cast_unsigned())),
        #[expect(clippy::cast_precision_loss, reason = "Bento divides in 32 bits")]
        (Stored::Int32(value), Meaning::Decimal { scale }) => short(value as f32 / ten32(scale)),
        (Stored::Int32(value), _) => Value::Int(i64::from(value)),
        #[expect(clippy::cast_precision_loss, reason = "Bento divides in 64 bits")]
        (Stored::Int64(value), Meaning::Decimal { scale }) => Value::Float(value as f64 / ten(scale)),
        (Stored::Int64(value), _) => Value::Int(value),
        (Stored::Int96(bytes), _) => {
            let (words, _) = bytes.as_chunks::<4>();
            let words: Vec<Value> =
                words.iter().map(|word| Value::Int(i64::from(u32::from_le_bytes(*word)))).collect();
            Value::from(words)
        }
        (Stored::Float(value), _) => short(value),
        (Stored::Double(value), _) => Value::Float(value),
        (Stored::Bytes(bytes) | Stored::Fixed(bytes), Meaning::Decimal { scale }) => {
            Value::from(general(bytes, scale)?)
        }
        (Stored::Bytes(bytes), Meaning::InMap) => Value::bytes(bytes),
        (Stored::Bytes(bytes), _) => Value::String(Text::of(bytes)),
        (Stored::Fixed(bytes), Meaning::InMap) => {
            let numbers: Vec<Value> = bytes.iter().map(|byte| Value::Int(i64::from(*byte))).collect();
            Value::from(numbers)
        }
        (Stored::Fixed(bytes), _) => Value::bytes(bytes),
    })
}

/// The number with the digits that the short form shows.
fn short(value: f32) -> Value {
    Value::Float(value.to_string().parse().unwrap_or_else(|_| f64::from(value)))
}

/// A power of ten.
fn ten(exponent: i32) -> f64 {
    format!("1e{exponent}").parse().unwrap_or(f64::INFINITY)
}

#[expect(clippy::cast_possible_truncation, reason = "Bento makes a float of 32 bits of it")]
fn ten32(exponent: i32) -> f32 {
    ten(exponent) as f32
}

/// An integer in two's complement, divided by a power of ten, as Go prints big floats: without zeros at the end, and with
/// an exponent where it is below -4 or above 5.
fn general(bytes: &[u8], scale: i32) -> Result<String, String> {
    if bytes.len() > DECIMAL {
        return Err(format!("a decimal number of {} bytes is too long", bytes.len()));
    }
    let whole = if bytes.is_empty() { "0".to_owned() } else { decimal::scaled(bytes, 0) };
    let (sign, digits) = whole.strip_prefix('-').map_or(("", whole.as_str()), |digits| ("-", digits));
    let length = i64::try_from(digits.len()).unwrap_or_default();
    let exponent = length - 1 - i64::from(scale.max(0));
    let digits = digits.trim_end_matches('0');
    let Some((first, others)) = digits.split_at_checked(1) else { return Ok("0".to_owned()) };
    let places = |count: i64| "0".repeat(usize::try_from(count).unwrap_or_default());
    Ok(match exponent {
        -4..0 => format!("{sign}0.{}{digits}", places(-exponent - 1)),
        0..=5 => {
            let point = usize::try_from(exponent + 1).unwrap_or_default();
            match digits.split_at_checked(point) {
                Some((whole, "")) => format!("{sign}{whole}"),
                Some((whole, part)) => format!("{sign}{whole}.{part}"),
                None => {
                    format!("{sign}{digits}{}", "0".repeat(point.saturating_sub(digits.len())))
                }
            }
        }
        _ => {
            let mark = if exponent < 0 { '-' } else { '+' };
            let part = if others.is_empty() { String::new() } else { format!(".{others}") };
            format!("{sign}{first}{part}e{mark}{:02}", exponent.abs())
        }
    })
}

#[cfg(test)]
mod tests {
    use super::general;

    #[test]
    fn decimals_are_printed_as_big_floats() {
        for (number, scale, text) in [
            (0_i64, 2, "0"),
            (12_345, 2, "123.45"),
            (-1, 2, "-0.01"),
            (100, 0, "100"),
            (100, 2, "1"),
            (1, 4, "0.0001"),
            (-12, 6, "-1.2e-05"),
            (1_234_565, 1, "123456.5"),
            (12_345_675, 1, "1.2345675e+06"),
            (1_000_000, 0, "1e+06"),
            (999_999, 0, "999999"),
            (5, i32::MAX, "5e-2147483647"),
            (5, -3, "5"),
        ] {
            assert_eq!(general(&number.to_be_bytes(), scale).expect("short"), text);
        }
        assert_eq!(general(&[], 2).expect("short"), "0");
        assert!(general(&[1; 2000], 2).is_err());
    }
}
