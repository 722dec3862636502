//! JSON values as a column wants them: Bento's rules, and ours for the types that it lacks.

use forebay_json::Json;

use super::columns::{Column, Levels, Value};
use crate::leaf::{DecimalIn, Leaf, Unit, decimal_bytes};

/// A number; none of another value.
fn number(json: Json<'_>) -> Option<Number> {
    if !matches!(json.first(), b'-' | b'0'..=b'9') {
        return None;
    }
    let text = std::str::from_utf8(json.bytes()).ok()?;
    match text.parse() {
        Ok(whole) => Some(Number::Whole(whole)),
        Err(_) => text.parse().ok().map(Number::Float),
    }
}

#[derive(Clone, Copy)]
enum Number {
    Whole(i128),
    Float(f64),
}

/// Adds a value to its column.
///
/// # Errors
/// It can't be one of the column's.
pub(super) fn push(column: &mut Column, json: Json<'_>, levels: Levels) -> Result<(), String> {
    let leaf = column.leaf;
    let wrong = || format!("{} can't be a value of type {}", json.kind(), name(leaf));
    match leaf {
        Leaf::Boolean => match json.first() {
            first @ (b't' | b'f') => column.push(Value::Bool(first == b't'), levels),
            _ => return Err(wrong()),
        },
        Leaf::Float | Leaf::Double => match number(json) {
            #[expect(clippy::cast_precision_loss, reason = "the column is as precise as its type")]
            Some(Number::Whole(number)) => column.push(Value::Float(number as f64), levels),
            Some(Number::Float(number)) => column.push(Value::Float(number), levels),
            None => return Err(wrong()),
        },
        Leaf::Int { bits, signed } => {
            column.push(Value::Int(whole(json, bits, signed).ok_or_else(wrong)??), levels);
        }
        Leaf::Date | Leaf::Time(_) | Leaf::Timestamp(_) => {
            column.push(Value::Int(time(json, leaf).ok_or_else(wrong)??), levels);
        }
        Leaf::Decimal { physical, precision, scale } => {
            let digits = decimal(json, precision, scale).ok_or_else(wrong)??;
            push_decimal(column, digits, physical, precision, levels);
        }
        Leaf::Json => {
            let text = json.bytes();
            column.push(Value::Bytes(text), levels);
        }
        Leaf::Binary | Leaf::Text | Leaf::Enum => {
            let text = json.string().map_err(|error| error.to_string())?.ok_or_else(wrong)?;
            column.push(Value::Bytes(&text), levels);
        }
        Leaf::Uuid => {
            let text = json.string().map_err(|error| error.to_string())?.ok_or_else(wrong)?;
            let bytes =
                uuid(&text).ok_or_else(|| format!("{} is not a UUID", String::from_utf8_lossy(&text)))?;
            column.push(Value::Bytes(&bytes), levels);
        }
        Leaf::Fixed { bytes } => {
            let text = json.string().map_err(|error| error.to_string())?.ok_or_else(wrong)?;
            if text.len() != usize::from(bytes) {
                return Err(format!("a value of {} bytes: the column has values of {bytes}", text.len()));
            }
            column.push(Value::Bytes(&text), levels);
        }
    }
    Ok(())
}

/// Adds what stands for a required value that is missing: nought, false, nothing.
pub(super) fn push_missing(column: &mut Column, levels: Levels) {
    match column.leaf {
        Leaf::Boolean => column.push(Value::Bool(false), levels),
        Leaf::Float | Leaf::Double => column.push(Value::Float(0.0), levels),
        Leaf::Decimal { physical, precision, .. } => push_decimal(column, 0, physical, precision, levels),
        Leaf::Int { .. } | Leaf::Date | Leaf::Time(_) | Leaf::Timestamp(_) => {
            column.push(Value::Int(0), levels);
        }
        Leaf::Json => column.push(Value::Bytes(b"null"), levels),
        Leaf::Binary | Leaf::Text | Leaf::Enum => column.push(Value::Bytes(b""), levels),
        Leaf::Uuid => column.push(Value::Bytes(&[0; 16]), levels),
        Leaf::Fixed { bytes } => column.push(Value::Bytes(&vec![0; usize::from(bytes)]), levels),
    }
}

fn name(leaf: Leaf) -> String {
    match leaf {
        Leaf::Boolean => "BOOLEAN".to_owned(),
        Leaf::Int { bits, signed } => format!("{}INT{bits}", if signed { "" } else { "U" }),
        Leaf::Float => "FLOAT".to_owned(),
        Leaf::Double => "DOUBLE".to_owned(),
        Leaf::Binary => "BYTE_ARRAY".to_owned(),
        Leaf::Text => "UTF8".to_owned(),
        Leaf::Json => "JSON".to_owned(),
        Leaf::Enum => "ENUM".to_owned(),
        Leaf::Uuid => "UUID".to_owned(),
        Leaf::Fixed { .. } => "FIXED_LEN_BYTE_ARRAY".to_owned(),
        Leaf::Decimal { precision, scale, .. } => format!("DECIMAL({precision}, {scale})"),
        Leaf::Date => "DATE".to_owned(),
        Leaf::Time(unit) => format!("TIME_{}", of_unit(unit)),
        Leaf::Timestamp(unit) => format!("TIMESTAMP_{}", of_unit(unit)),
    }
}

fn of_unit(unit: Unit) -> &'static str {
    match unit {
        Unit::Millis => "MILLIS",
        Unit::Micros => "MICROS",
        Unit::Nanos => "NANOS",
    }
}

/// A number as an integer: a float is cut off, as in Bento. Absent where it is no number.
fn whole(json: Json<'_>, bits: u8, signed: bool) -> Option<Result<i64, String>> {
    let number = match number(json)? {
        Number::Whole(number) => number,
        #[expect(clippy::cast_possible_truncation, reason = "it is cut off, and looked at below")]
        Number::Float(number) => number as i128,
    };
    let (least, most) = if signed {
        (-(1_i128 << (bits - 1)), (1_i128 << (bits - 1)) - 1)
    } else {
        (0, (1_i128 << bits) - 1)
    };
    if !(least..=most).contains(&number) {
        let kind = if signed { "int" } else { "uint" };
        let number = String::from_utf8_lossy(json.bytes());
        return Some(Err(format!("cannot represent {number} as {kind}{bits}")));
    }
    #[expect(clippy::cast_possible_truncation, reason = "an unsigned number keeps its bits")]
    Some(Ok(number as i64))
}

fn time(json: Json<'_>, leaf: Leaf) -> Option<Result<i64, String>> {
    let bits = if leaf.physical() == parquet::basic::Type::INT32 { 32 } else { 64 };
    if number(json).is_some() {
        return whole(json, bits, true);
    }
    let text = json.string().ok()??;
    let text = String::from_utf8_lossy(&text);
    let (value, form) = match leaf {
        Leaf::Date => (forebay_calendar::days(&text), "2006-01-02"),
        Leaf::Time(unit) => {
            let nanoseconds = forebay_calendar::time_of_day(&text);
            (nanoseconds.map(|of_day| of_day / (1_000_000_000 / unit.per_second())), "15:04:05.999")
        }
        Leaf::Timestamp(unit) => (forebay_calendar::instant(&text, unit), "2006-01-02T15:04:05.999Z"),
        _ => return None,
    };
    Some(value.ok_or_else(|| format!("{text:?} is not of the form {form}, or out of range")))
}

/// The digits of a decimal without its point. A number in a message is that already; a text has a point.
fn decimal(json: Json<'_>, precision: u8, scale: u8) -> Option<Result<i128, String>> {
    let digits = match number(json) {
        Some(Number::Whole(number)) => Some(number),
        #[expect(clippy::cast_possible_truncation, reason = "it is cut off, as in Bento")]
        Some(Number::Float(number)) => Some(number as i128),
        None => scaled(&json.string().ok()??, scale),
    };
    let most = 10_i128.pow(u32::from(precision));
    let fits = digits.filter(|digits| -most < *digits && *digits < most);
    Some(fits.ok_or_else(|| {
        let text = String::from_utf8_lossy(json.bytes());
        format!("{text} has no place in a decimal of {precision} digits, {scale} of them behind the point")
    }))
}

/// `-12.34` without its point, with so many digits behind it.
fn scaled(text: &[u8], scale: u8) -> Option<i128> {
    let text = std::str::from_utf8(text).ok()?;
    let (sign, text) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let fraction = fraction.trim_end_matches('0');
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    let valid = digits(whole) && digits(fraction) && !(whole.is_empty() && fraction.is_empty());
    if !valid || fraction.len() > usize::from(scale) {
        return None;
    }
    let text = format!("{whole}{fraction:0<width$}", width = usize::from(scale));
    let number: i128 = if text.is_empty() { 0 } else { text.parse().ok()? };
    Some(sign * number)
}

fn push_decimal(column: &mut Column, digits: i128, physical: DecimalIn, precision: u8, levels: Levels) {
    match physical {
        #[expect(clippy::cast_possible_truncation, reason = "the precision was looked at")]
        DecimalIn::Int32 | DecimalIn::Int64 => column.push(Value::Int(digits as i64), levels),
        DecimalIn::Fixed => {
            let bytes = digits.to_be_bytes();
            let start = bytes.len() - decimal_bytes(precision);
            column.push(Value::Bytes(bytes.get(start..).unwrap_or_default()), levels);
        }
    }
}

/// 32 hexadecimal digits, with hyphens in any place or none.
fn uuid(text: &[u8]) -> Option<[u8; 16]> {
    let digits: Vec<u8> = text.iter().copied().filter(|byte| *byte != b'-').collect();
    let digits = std::str::from_utf8(&digits).ok().filter(|digits| digits.len() == 32)?;
    if !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    u128::from_str_radix(digits, 16).ok().map(u128::to_be_bytes)
}
