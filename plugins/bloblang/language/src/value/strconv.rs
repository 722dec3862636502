//! Numbers in text, as Go's `strconv` reads them, with its words for what is wrong.

use std::fmt;

use super::quoted;

/// Why a text is no number of the wanted kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NumberError {
    function: &'static str,
    text: String,
    reason: &'static str,
}

const SYNTAX: &str = "invalid syntax";
const RANGE: &str = "value out of range";

impl fmt::Display for NumberError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "strconv.{}: parsing {}: {}", self.function, quoted(&self.text), self.reason)
    }
}

fn error(function: &'static str, text: &str, reason: &'static str) -> NumberError {
    NumberError { function, text: text.to_owned(), reason }
}

/// A signed integer of 64 bits; with `base` 0 the text says the base, as in `0x1f`, and may have underscores.
pub(crate) fn parse_int(text: &str, base: u32) -> Result<i64, NumberError> {
    let fail = |reason| error("ParseInt", text, reason);
    let negative = text.starts_with('-');
    let magnitude = magnitude(text.strip_prefix(['-', '+']).unwrap_or(text), base).map_err(fail)?;
    let signed = i128::from(magnitude);
    i64::try_from(if negative { -signed } else { signed }).map_err(|_| fail(RANGE))
}

/// An unsigned integer of 64 bits.
pub(crate) fn parse_uint(text: &str, base: u32) -> Result<u64, NumberError> {
    magnitude(text, base).map_err(|reason| error("ParseUint", text, reason))
}

fn magnitude(text: &str, base: u32) -> Result<u64, &'static str> {
    let (mut base, mut digits, implied) = (base, text, base == 0);
    if implied {
        (base, digits) = (10, text);
        if text.starts_with('0') {
            let prefixed = match text.as_bytes().get(1).map(u8::to_ascii_lowercase) {
                Some(b'x') => Some(16),
                Some(b'o') => Some(8),
                Some(b'b') => Some(2),
                _ => None,
            };
            (base, digits) = match prefixed {
                Some(base) if text.len() >= 3 => (base, text.get(2..).unwrap_or_default()),
                _ => (8, text.get(1..).unwrap_or_default()),
            };
        }
    }
    if text.is_empty() || digits.is_empty() && base != 8 {
        return Err(SYNTAX);
    }
    let (mut value, mut underscores) = (0_u64, false);
    for character in digits.chars() {
        if character == '_' && implied {
            underscores = true;
            continue;
        }
        let digit = character.to_digit(base).ok_or(SYNTAX)?;
        value =
            value.checked_mul(u64::from(base)).and_then(|v| v.checked_add(u64::from(digit))).ok_or(RANGE)?;
    }
    if underscores && !underscores_fit(text) {
        return Err(SYNTAX);
    }
    Ok(value)
}

/// That every underscore stands between digits, or between a prefix and a digit.
fn underscores_fit(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    let hex = lower.starts_with("0x");
    let mut before = '^';
    let mut rest = lower.as_str();
    if ["0x", "0b", "0o"].iter().any(|prefix| lower.starts_with(prefix)) {
        // A prefix counts as a digit for the underscore after it.
        before = '0';
        rest = lower.get(2..).unwrap_or_default();
    }
    for character in rest.chars() {
        let now = if character.is_ascii_digit() || hex && character.is_ascii_hexdigit() {
            '0'
        } else if character == '_' {
            if before != '0' {
                return false;
            }
            '_'
        } else {
            if before == '_' {
                return false;
            }
            '!'
        };
        before = now;
    }
    before != '_'
}

/// A float of 64 bits: decimal or hexadecimal, an infinity, or "nan".
pub(crate) fn parse_float(text: &str) -> Result<f64, NumberError> {
    float(text, f64::is_infinite)
}

/// A float that must fit 32 bits.
pub(crate) fn parse_float32(text: &str) -> Result<f32, NumberError> {
    #[expect(clippy::cast_possible_truncation, reason = "rounding is what is asked for")]
    let narrow = |value: f64| value as f32;
    if is_hexadecimal(text) || text.contains('_') || text.parse::<f64>().is_err() {
        return float(text, |value| narrow(value).is_infinite()).map(narrow);
    }
    // Rounded once, straight from the text.
    let value: f32 = text.parse().map_err(|_| error("ParseFloat", text, SYNTAX))?;
    float(text, |_| value.is_infinite()).map(|_| value)
}

fn is_hexadecimal(text: &str) -> bool {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    digits.starts_with("0x") || digits.starts_with("0X")
}

fn float(text: &str, overflown: impl Fn(f64) -> bool) -> Result<f64, NumberError> {
    let fail = |reason| error("ParseFloat", text, reason);
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    let lower = unsigned.to_ascii_lowercase();
    let value = match lower.as_str() {
        "inf" | "infinity" => {
            return Ok(if text.starts_with('-') { f64::NEG_INFINITY } else { f64::INFINITY });
        }
        "nan" if text.len() == 3 => return Ok(f64::NAN),
        "nan" => return Err(fail(SYNTAX)),
        hex if hex.starts_with("0x") => {
            let value = hexadecimal(hex).ok_or_else(|| fail(SYNTAX))?;
            if text.starts_with('-') { -value } else { value }
        }
        decimal if decimal.contains('_') => {
            if !underscores_fit(unsigned) {
                return Err(fail(SYNTAX));
            }
            text.replace('_', "").parse().map_err(|_| fail(SYNTAX))?
        }
        _ => text.parse().map_err(|_| fail(SYNTAX))?,
    };
    if overflown(value) { Err(fail(RANGE)) } else { Ok(value) }
}

/// A number such as `0x1.8p3`; more digits than fit are cut off, not rounded.
fn hexadecimal(text: &str) -> Option<f64> {
    if text.contains('_') && !underscores_fit(text) {
        return None;
    }
    let text = text.replace('_', "");
    let (digits, exponent) = text.strip_prefix("0x")?.split_once('p')?;
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    if whole.is_empty() && fraction.is_empty() {
        return None;
    }
    let exponent_digits = exponent.strip_prefix(['-', '+']).unwrap_or(exponent);
    if exponent_digits.is_empty() || !exponent_digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let exponent: i64 =
        exponent.parse().unwrap_or(if exponent.starts_with('-') { -100_000 } else { 100_000 });
    let (mut value, mut scale, mut sticky) = (0_u64, exponent.clamp(-100_000, 100_000), false);
    for (at, digit) in whole.chars().chain(fraction.chars()).enumerate() {
        let digit = u64::from(digit.to_digit(16)?);
        let behind = at >= whole.len();
        if value >> 56 == 0 {
            value = value << 4 | digit;
            scale -= if behind { 4 } else { 0 };
        } else {
            sticky |= digit != 0;
            scale += if behind { 0 } else { 4 };
        }
    }
    // The last bit tells the rounding below that more follows.
    value |= u64::from(sticky);
    #[expect(clippy::cast_precision_loss, reason = "this is where the number is rounded")]
    let mut result = value as f64;
    let mut steps = scale.clamp(-3_000, 3_000);
    while steps > 0 && result.is_finite() && result != 0.0 {
        let step = steps.min(512);
        result *= f64::from_bits(u64::try_from(1_023 + step).ok()? << 52);
        steps -= step;
    }
    while steps < 0 && result != 0.0 {
        let step = (-steps).min(512);
        result *= f64::from_bits(u64::try_from(1_023 - step).ok()? << 52);
        steps += step;
    }
    Some(result)
}

#[cfg(test)]
mod tests {
    use super::{parse_float, parse_float32, parse_int, parse_uint};

    #[test]
    fn integers_are_read_as_go_reads_them() {
        let cases = [
            ("12", Ok(12)),
            ("-0x10", Ok(-16)),
            ("0b101", Ok(5)),
            ("0o17", Ok(15)),
            ("017", Ok(15)),
            ("0", Ok(0)),
            ("1_000", Ok(1000)),
            ("0x_f", Ok(15)),
            ("-9223372036854775808", Ok(i64::MIN)),
            ("1__0", Err("strconv.ParseInt: parsing \"1__0\": invalid syntax")),
            ("08", Err("strconv.ParseInt: parsing \"08\": invalid syntax")),
            ("", Err("strconv.ParseInt: parsing \"\": invalid syntax")),
            (
                "9223372036854775808",
                Err("strconv.ParseInt: parsing \"9223372036854775808\": value out of range"),
            ),
        ];
        for (text, expected) in cases {
            let read = parse_int(text, 0).map_err(|error| error.to_string());
            assert_eq!(read, expected.map_err(str::to_owned), "{text}");
        }
        assert_eq!(parse_uint("18446744073709551615", 0), Ok(u64::MAX));
        assert!(parse_uint("-1", 0).is_err() && parse_uint("+1", 0).is_err());
    }

    #[test]
    fn floats_are_read_as_go_reads_them() {
        let cases = [
            ("1e3", 1000.0),
            (".5", 0.5),
            ("0x1.8p1", 3.0),
            ("-Inf", f64::NEG_INFINITY),
            ("0x1p-1074", 5e-324),
        ];
        for (text, expected) in cases {
            assert_eq!(parse_float(text), Ok(expected), "{text}");
        }
        assert!(parse_float("1e999").is_err_and(|error| error.to_string().ends_with("value out of range")));
        assert!(parse_float("1__0").is_err() && parse_float("0x1").is_err() && parse_float(" 1").is_err());
        assert_eq!(parse_float32("6.674282313423543523453425345e-11"), Ok(6.674_283e-11));
    }
}
