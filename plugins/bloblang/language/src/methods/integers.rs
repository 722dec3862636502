//! Numbers of a certain size, from numbers and text.

use crate::failure::Failure;
use crate::value::strconv::{NumberError, parse_float, parse_float32, parse_int, parse_uint};
use crate::value::{Number, Text, Value};

fn refused(error: &NumberError) -> Failure {
    Failure::new(error.to_string())
}

/// A float of 64 bits.
pub(super) fn float(value: &Value) -> Result<f64, Failure> {
    if let Some(text) = value.as_text() {
        return parse_float(&text).map_err(|error| refused(&error));
    }
    if let Value::Number(text) = value {
        return parse_float(text).map_err(|error| refused(&error));
    }
    value.as_number().map(Number::as_f64).ok_or_else(|| Failure::expected("number", value))
}

/// A float of 32 bits, kept as the text it has in JSON: as one of 64 bits it would grow digits.
pub(super) fn float32(value: &Value) -> Result<Value, Failure> {
    #[expect(clippy::cast_possible_truncation, reason = "rounding is what is asked for")]
    let narrow = match value {
        Value::Number(text) => parse_float32(text).map_err(|error| refused(&error))?,
        value => match value.as_text() {
            Some(text) => parse_float32(&text).map_err(|error| refused(&error))?,
            None => float(value)? as f32,
        },
    };
    if !narrow.is_finite() {
        return Ok(Value::Float(f64::from(narrow)));
    }
    // The shortest text of the small float, read as a large one, has the same digits.
    let shortest: f64 = narrow.to_string().parse().unwrap_or(f64::from(narrow));
    let mut json = Vec::new();
    Value::Float(shortest).write_json(&mut json);
    Ok(Value::Number(Text::lossy(&json)))
}

/// A signed integer of so many bits.
pub(super) fn signed(value: &Value, bits: u32) -> Result<i64, Failure> {
    let whole = match (value, value.as_text()) {
        (Value::Number(text), _) => parse_int(text, 10).map_err(|error| refused(&error))?,
        (_, Some(text)) => parse_int(&text, 0).map_err(|error| refused(&error))?,
        (value, None) => match value.as_number() {
            Some(Number::Int(value)) => value,
            Some(Number::Uint(value)) => i64::try_from(value).map_err(|_| {
                Failure::new("unsigned integer value is too large to be cast as a signed integer")
            })?,
            Some(Number::Float(value)) => signed_float(value)?,
            None => return Err(Failure::expected("number", value)),
        },
    };
    let most = i64::MAX >> (64 - bits);
    if whole > most {
        return Err(too("large", bits, "a signed"));
    }
    if whole < -most - 1 {
        return Err(too("small", bits, "a signed"));
    }
    Ok(whole)
}

/// An unsigned integer of so many bits.
pub(super) fn unsigned(value: &Value, bits: u32) -> Result<u64, Failure> {
    let negative =
        || Failure::new("signed integer value is negative and cannot be cast as an unsigned integer");
    let whole = match (value, value.as_text()) {
        (Value::Number(text), _) => {
            let value = parse_int(text, 10).map_err(|error| refused(&error))?;
            u64::try_from(value).map_err(|_| negative())?
        }
        (_, Some(text)) => parse_uint(&text, 0).map_err(|error| refused(&error))?,
        (value, None) => match value.as_number() {
            Some(Number::Int(value)) => u64::try_from(value).map_err(|_| negative())?,
            Some(Number::Uint(value)) => value,
            Some(Number::Float(value)) => unsigned_float(value)?,
            None => return Err(Failure::expected("number", value)),
        },
    };
    if whole > u64::MAX >> (64 - bits) {
        return Err(too("large", bits, "an unsigned"));
    }
    Ok(whole)
}

fn too(how: &str, bits: u32, article: &str) -> Failure {
    let kind = if article == "a signed" { "signed" } else { "unsigned" };
    let article = if bits == 8 { "an" } else { "a" };
    Failure::new(format!("value is too {how} to be cast as {article} {bits}-bit {kind} integer"))
}

fn decimals(kind: &str) -> Failure {
    Failure::new(format!(
        "float value contains decimals and therefore cannot be cast as {kind} integer, if you intend to round the value then call `.round()` explicitly before this cast"
    ))
}

fn signed_float(value: f64) -> Result<i64, Failure> {
    if value.is_infinite() {
        return Err(Failure::new("cannot convert +/-INF to an integer"));
    }
    if value.is_nan() {
        return Err(Failure::new("cannot convert NAN to an integer"));
    }
    if value > 9_223_372_036_854_775_807.0 {
        return Err(Failure::new("float value is too large to be cast as a signed integer"));
    }
    if value < -9_223_372_036_854_775_808.0 {
        return Err(Failure::new("float value is too small to be cast as a signed integer"));
    }
    if value.fract() != 0.0 {
        return Err(decimals("a signed"));
    }
    Number::Float(value).whole().ok_or_else(|| decimals("a signed"))
}

fn unsigned_float(value: f64) -> Result<u64, Failure> {
    if value < 0.0 {
        return Err(Failure::new("float value is negative and cannot be cast as an unsigned integer"));
    }
    if value.is_infinite() {
        return Err(Failure::new("cannot convert +/-INF to an unsigned integer"));
    }
    if value.is_nan() {
        return Err(Failure::new("cannot convert NAN to an unsigned integer"));
    }
    if value > 18_446_744_073_709_551_615.0 {
        return Err(Failure::new("float value is too large to be cast as an unsigned integer"));
    }
    if value.fract() != 0.0 {
        return Err(decimals("an unsigned"));
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is whole, and in range")]
    Ok(value as u64)
}
