//! What a scalar without quotes means: the core schema as Go's yaml.v3 resolves it.

use super::Value;

/// Resolves a plain scalar.
pub(crate) fn resolve(text: &str) -> Value {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Value::Null,
        "true" | "True" | "TRUE" => return Value::Bool(true),
        "false" | "False" | "FALSE" => return Value::Bool(false),
        ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" => return Value::Float(f64::INFINITY),
        "-.inf" | "-.Inf" | "-.INF" => return Value::Float(f64::NEG_INFINITY),
        ".nan" | ".NaN" | ".NAN" => return Value::Float(f64::NAN),
        _ => {}
    }
    if !text.starts_with(|first: char| first.is_ascii_digit() || matches!(first, '+' | '-' | '.')) {
        return Value::String;
    }
    let digits = text.replace('_', "");
    integer(&digits).or_else(|| float(&digits)).unwrap_or(Value::String)
}

/// Decimal, `0x`, `0o` or `0` and octal digits, `0b`; none if it does not fit into 64 bits.
fn integer(text: &str) -> Option<Value> {
    let (negative, magnitude) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    let (radix, digits) = match magnitude.as_bytes() {
        [b'0', b'x' | b'X', ..] => (16, &magnitude[2..]),
        [b'0', b'o' | b'O', ..] => (8, &magnitude[2..]),
        [b'0', b'b' | b'B', ..] => (2, &magnitude[2..]),
        [b'0', _, ..] => (8, &magnitude[1..]),
        _ => (10, magnitude),
    };
    if !digits.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return None;
    }
    let value = u64::from_str_radix(digits, radix).ok()?;
    if negative {
        return 0_i64.checked_sub_unsigned(value).map(Value::Int);
    }
    Some(i64::try_from(value).map_or(Value::Uint(value), Value::Int))
}

/// Digits with an optional point and exponent; every other form that Rust would read is refused.
fn float(text: &str) -> Option<Value> {
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    let (mantissa, exponent) =
        unsigned.split_once(['e', 'E']).map_or((unsigned, None), |(m, e)| (m, Some(e)));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let is_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if !is_digits(whole) || !is_digits(fraction) || whole.len() + fraction.len() == 0 {
        return None;
    }
    if let Some(exponent) = exponent {
        let digits = exponent.strip_prefix(['-', '+']).unwrap_or(exponent);
        if digits.is_empty() || !is_digits(digits) {
            return None;
        }
    }
    text.parse().ok().map(Value::Float)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("", Value::Null)]
    #[case("~", Value::Null)]
    #[case("NULL", Value::Null)]
    #[case("nULL", Value::String)]
    #[case("true", Value::Bool(true))]
    #[case("False", Value::Bool(false))]
    #[case("yes", Value::String)]
    #[case("0", Value::Int(0))]
    #[case("-12", Value::Int(-12))]
    #[case("+12", Value::Int(12))]
    #[case("1_000", Value::Int(1000))]
    #[case("0x1F", Value::Int(31))]
    #[case("0o17", Value::Int(15))]
    #[case("0777", Value::Int(511))]
    #[case("0b101", Value::Int(5))]
    #[case("-0x10", Value::Int(-16))]
    #[case("08", Value::Float(8.0))]
    #[case("0x", Value::String)]
    #[case("0x+1", Value::String)]
    #[case("9223372036854775807", Value::Int(i64::MAX))]
    #[case("9223372036854775808", Value::Uint(9_223_372_036_854_775_808))]
    #[case("-9223372036854775808", Value::Int(i64::MIN))]
    #[case("18446744073709551616", Value::Float(18_446_744_073_709_551_616.0))]
    #[case("1.0", Value::Float(1.0))]
    #[case(".5", Value::Float(0.5))]
    #[case("5.", Value::Float(5.0))]
    #[case("1e3", Value::Float(1000.0))]
    #[case("-1.5E-1", Value::Float(-0.15))]
    #[case(".inf", Value::Float(f64::INFINITY))]
    #[case("-.INF", Value::Float(f64::NEG_INFINITY))]
    #[case("inf", Value::String)]
    #[case("+inf", Value::String)]
    #[case(".", Value::String)]
    #[case("-", Value::String)]
    #[case("1e", Value::String)]
    #[case("1.2.3", Value::String)]
    #[case("10s", Value::String)]
    #[case("2020-01-02", Value::String)]
    #[case("_1", Value::String)]
    fn plain_scalars_mean_what_they_mean_in_go(#[case] text: &str, #[case] expected: Value) {
        assert_eq!(resolve(text), expected);
    }

    #[test]
    fn not_a_number_is_a_float() {
        assert!(matches!(resolve(".nan"), Value::Float(value) if value.is_nan()));
    }
}
