//! What a scalar without quotes means.

use crate::time::parse;
use crate::value::{Text, Timestamp, Value};

/// The layouts of a timestamp, of which the year has four digits.
const TIMESTAMPS: [&str; 4] = [
    "2006-1-2T15:4:5.999999999Z07:00",
    "2006-1-2t15:4:5.999999999Z07:00",
    "2006-1-2 15:4:5.999999999",
    "2006-1-2",
];

/// A value and the short tag of its type.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Resolved {
    pub(super) tag: &'static str,
    pub(super) value: Value,
}

fn resolved(tag: &'static str, value: Value) -> Resolved {
    Resolved { tag, value }
}

/// The meaning of a plain scalar; `timestamps` says whether dates count.
pub(super) fn resolve(text: &str, timestamps: bool) -> Resolved {
    let constant = match text {
        "" | "~" | "null" | "Null" | "NULL" => Some(("!!null", Value::Null)),
        "true" | "True" | "TRUE" => Some(("!!bool", Value::Bool(true))),
        "false" | "False" | "FALSE" => Some(("!!bool", Value::Bool(false))),
        ".nan" | ".NaN" | ".NAN" => Some(("!!float", Value::Float(f64::NAN))),
        ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" => {
            Some(("!!float", Value::Float(f64::INFINITY)))
        }
        "-.inf" | "-.Inf" | "-.INF" => Some(("!!float", Value::Float(f64::NEG_INFINITY))),
        "<<" => Some(("!!merge", Value::from("<<"))),
        _ => None,
    };
    if let Some((tag, value)) = constant {
        return resolved(tag, value);
    }
    let number = match text.as_bytes().first() {
        Some(b'.') => float(text).map(|value| resolved("!!float", value)),
        Some(b'0'..=b'9' | b'+' | b'-') => {
            let at = if timestamps { timestamp(text) } else { None };
            at.map(|at| resolved("!!timestamp", Value::Timestamp(at))).or_else(|| number(text))
        }
        _ => None,
    };
    number.unwrap_or_else(|| resolved("!!str", Value::from(text)))
}

fn timestamp(text: &str) -> Option<Timestamp> {
    let year = text.bytes().take_while(u8::is_ascii_digit).count();
    if year != 4 || text.as_bytes().get(4) != Some(&b'-') {
        return None;
    }
    TIMESTAMPS.iter().find_map(|layout| parse::parse(layout, text).ok())
}

fn number(text: &str) -> Option<Resolved> {
    let plain: String = text.chars().filter(|character| *character != '_').collect();
    if let Some(value) = integer(&plain) {
        return Some(resolved("!!int", value));
    }
    float(&plain).filter(|_| is_decimal(&plain)).map(|value| resolved("!!float", value))
}

/// An integer in any base that a prefix can name.
fn integer(text: &str) -> Option<Value> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let lower = digits.to_ascii_lowercase();
    let (base, digits) = match lower.get(..2) {
        Some("0x") => (16, lower.get(2..)?),
        Some("0b") => (2, lower.get(2..)?),
        Some("0o") => (8, lower.get(2..)?),
        _ if lower.len() > 1 && lower.starts_with('0') => (8, lower.get(1..)?),
        _ => (10, lower.as_str()),
    };
    if digits.is_empty() || digits.starts_with(['+', '-']) {
        return None;
    }
    let value = i128::from_str_radix(digits, base).ok()?;
    let value = if negative { -value } else { value };
    match i64::try_from(value) {
        Ok(value) => Some(Value::Int(value)),
        Err(_) if text.starts_with('+') => None,
        Err(_) => u64::try_from(value).ok().map(Value::Uint),
    }
}

fn float(text: &str) -> Option<Value> {
    let digits = text.bytes().any(|byte| byte.is_ascii_digit());
    let value: f64 = text.parse().ok().filter(|_| digits)?;
    value.is_finite().then_some(Value::Float(value))
}

/// Whether the text is a float as YAML writes it: digits with at most one point and an exponent.
fn is_decimal(text: &str) -> bool {
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    let (mantissa, exponent) = match unsigned.find(['e', 'E']) {
        Some(at) => unsigned.split_at(at),
        None => (unsigned, ""),
    };
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let exponent = exponent.get(1..).unwrap_or_default();
    let exponent_digits = exponent.strip_prefix(['-', '+']).unwrap_or(exponent);
    digits(whole)
        && digits(fraction)
        && !(whole.is_empty() && fraction.is_empty())
        && digits(exponent_digits)
        && (exponent.is_empty() || !exponent_digits.is_empty())
}

/// Whether a string can stand without quotes and still be a string, also for readers of YAML 1.1.
pub(super) fn stays_text(text: &str) -> bool {
    resolve(text, true).tag == "!!str" && !is_old_bool(text) && !is_base60(text)
}

fn is_old_bool(text: &str) -> bool {
    matches!(
        text,
        "y" | "Y"
            | "yes"
            | "Yes"
            | "YES"
            | "on"
            | "On"
            | "ON"
            | "n"
            | "N"
            | "no"
            | "No"
            | "NO"
            | "off"
            | "Off"
            | "OFF"
    )
}

/// Numbers like `1:30:00`, which YAML 1.1 reads with the base 60.
fn is_base60(text: &str) -> bool {
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    if !unsigned.starts_with(|first: char| first.is_ascii_digit()) {
        return false;
    }
    let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
    let mut parts = whole.split(':');
    let first = parts.next().unwrap_or_default();
    let mut minutes = 0;
    let sixties = parts.all(|part| {
        minutes += 1;
        let digits = part.as_bytes();
        match digits {
            [only] => only.is_ascii_digit(),
            [tens, ones] => (b'0'..=b'5').contains(tens) && ones.is_ascii_digit(),
            _ => false,
        }
    });
    let counted = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'_');
    sixties && minutes > 0 && counted(first) && counted(fraction)
}

/// A scalar with a tag of the standard; the error says what cannot be read as what.
pub(super) fn tagged(text: &str, tag: &str, plain: bool) -> Result<Value, String> {
    let found = if plain || tag != "!!str" {
        resolve(text, tag == "!!timestamp")
    } else {
        resolved("!!str", Value::from(text))
    };
    match (tag, found.tag) {
        ("!!str", _) => Ok(Value::from(text)),
        ("!!binary", _) => {
            let bytes = crate::methods::base64(text.as_bytes());
            bytes
                .map(|bytes| Text::lossy(&bytes).into())
                .map_err(|_| "!!binary value contains invalid base64 data".to_owned())
        }
        ("!!float", "!!int") => match found.value.as_number() {
            Some(number) => Ok(Value::Float(number.as_f64())),
            None => Ok(found.value),
        },
        (wanted, found_tag) if wanted == found_tag => Ok(found.value),
        ("!!int" | "!!float" | "!!bool" | "!!null" | "!!timestamp", found_tag) => {
            Err(format!("cannot decode {found_tag} `{text}` as a {tag}"))
        }
        _ => Ok(Value::from(text)),
    }
}
