//! Operators on values, as gval applies them: numbers are floats, and text that is one counts as one. Numbers of a
//! document count as neither; they are compared and joined as text.

use crate::time::format;
use crate::value::{Number, Value, strconv};

/// A value as text.
pub(super) fn text(value: &Value) -> String {
    match value {
        Value::Timestamp(at) => format::format(at, "2006-01-02 15:04:05.999999999 -0700 MST"),
        other => other.verbose(),
    }
}

/// A value as an index.
pub(super) fn whole(value: &Value) -> Result<i64, String> {
    let number = number(value)
        .ok_or_else(|| format!("expected number but got {} ({})", text(value), value.go_type()))?;
    Ok(Number::Float(number).as_i64())
}

#[expect(clippy::cast_precision_loss, reason = "gval's numbers are floats")]
fn number(value: &Value) -> Option<f64> {
    match value {
        Value::Float(value) => Some(*value),
        Value::Int(value) => Some(*value as f64),
        Value::Uint(value) => Some(*value as f64),
        Value::String(text) => strconv::parse_float(text).ok(),
        _ => None,
    }
}

/// A value as a condition.
pub(super) fn truth(value: &Value) -> Option<bool> {
    match value {
        Value::Null => Some(false),
        Value::Bool(value) => Some(*value),
        Value::String(text) if matches!(text.as_str(), "true" | "TRUE") => Some(true),
        Value::String(text) if matches!(text.as_str(), "false" | "FALSE") => Some(false),
        other => number(other).map(|number| number != 0.0),
    }
}

/// Whether a value is what its type starts from.
pub(super) fn is_zero(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) | Value::Int(0) | Value::Uint(0) => true,
        Value::Float(value) => value.to_bits() == 0,
        Value::String(text) => text.is_empty(),
        _ => false,
    }
}

pub(super) fn prefix(sign: char, value: &Value) -> Result<Value, String> {
    let expected = |wanted: &str| format!("unexpected {} expected {wanted}", value.go_type());
    match sign {
        '!' => truth(value).map(|value| Value::Bool(!value)).ok_or_else(|| expected("bool")),
        '~' => {
            let number = number(value).ok_or_else(|| expected("number"))?;
            Ok(integer(!Number::Float(number).as_i64()))
        }
        _ => match number(value) {
            Some(number) => Ok(Value::Float(-number)),
            None => Err(format!("unexpected {}({}) expected number", text(value), value.go_type())),
        },
    }
}

/// The answer where the right operand does not matter.
pub(super) fn early(operator: &str, left: &Value) -> Option<Value> {
    match (operator, left) {
        ("&&", Value::Bool(false)) => Some(Value::Bool(false)),
        ("||", Value::Bool(true)) => Some(Value::Bool(true)),
        ("??", left) if !is_zero(left) => Some(left.clone()),
        _ => None,
    }
}

/// The result of an operator: on numbers if both are, then on bools, then on text; then on what can be made numbers,
/// bools or text.
pub(super) fn apply(operator: &str, left: &Value, right: &Value) -> Result<Value, String> {
    let numbers = |left, right| calculate(operator, left, right);
    let bools = |left: bool, right: bool| match operator {
        "&&" => Some(Value::Bool(left && right)),
        "||" => Some(Value::Bool(left || right)),
        "==" => Some(Value::Bool(left == right)),
        "!=" => Some(Value::Bool(left != right)),
        _ => None,
    };
    let strict = match (left, right) {
        (Value::Float(left), Value::Float(right)) => numbers(*left, *right),
        (Value::Bool(left), Value::Bool(right)) => bools(*left, *right),
        (Value::String(left), Value::String(right)) => texts(operator, left, right),
        _ => None,
    };
    let found = strict
        .or_else(|| numbers(number(left)?, number(right)?))
        .or_else(|| bools(truth(left)?, truth(right)?))
        .or_else(|| match (left, right) {
            (Value::Null, _) | (_, Value::Null) => None,
            _ => texts(operator, &text(left), &text(right)),
        });
    if let Some(found) = found {
        return Ok(found);
    }
    match (operator, right) {
        ("==", _) => Ok(Value::Bool(identical(left, right))),
        ("!=", _) => Ok(Value::Bool(!identical(left, right))),
        ("??", _) => Ok(if is_zero(left) { right.clone() } else { left.clone() }),
        ("in", Value::Array(items)) => Ok(Value::Bool(items.iter().any(|item| identical(left, item)))),
        ("in", _) => {
            Err(format!("expected type []interface{{}} for in operator but got {}", right.go_type()))
        }
        _ => Err(format!("invalid operation ({}) {operator} ({})", left.go_type(), right.go_type())),
    }
}

fn texts(operator: &str, left: &str, right: &str) -> Option<Value> {
    Some(match operator {
        "+" => Value::from([left, right].concat()),
        "<" => Value::Bool(left < right),
        "<=" => Value::Bool(left <= right),
        ">" => Value::Bool(left > right),
        ">=" => Value::Bool(left >= right),
        _ => return None,
    })
}

/// Equal in type and value. Numbers of a document are equal if they are written alike.
fn identical(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Array(left), Value::Array(right)) => {
            left.len() == right.len() && left.iter().zip(right.iter()).all(|(a, b)| identical(a, b))
        }
        (Value::Object(left), Value::Object(right)) => {
            left.len() == right.len()
                && left.iter().zip(right.iter()).all(|(a, b)| a.0 == b.0 && identical(a.1, b.1))
        }
        _ => left == right,
    }
}

#[expect(clippy::cast_precision_loss, reason = "gval's numbers are floats")]
fn integer(value: i64) -> Value {
    Value::Float(value as f64)
}

#[expect(clippy::float_cmp, reason = "that is what is asked for")]
fn calculate(operator: &str, left: f64, right: f64) -> Option<Value> {
    let (whole_left, whole_right) = (Number::Float(left).as_i64(), Number::Float(right).as_i64());
    // As large as can be, if there is no such shift.
    let shift = u32::try_from(whole_right).unwrap_or(u32::MAX);
    Some(match operator {
        "+" => Value::Float(left + right),
        "-" => Value::Float(left - right),
        "*" => Value::Float(left * right),
        "/" => Value::Float(left / right),
        "%" => Value::Float(left % right),
        "**" => Value::Float(crate::math::pow(left, right)),
        "==" => Value::Bool(left == right),
        "!=" => Value::Bool(left != right),
        "<" => Value::Bool(left < right),
        "<=" => Value::Bool(left <= right),
        ">" => Value::Bool(left > right),
        ">=" => Value::Bool(left >= right),
        "^" => integer(whole_left ^ whole_right),
        "&" => integer(whole_left & whole_right),
        "|" => integer(whole_left | whole_right),
        "<<" => integer(whole_left.checked_shl(shift).unwrap_or(0)),
        ">>" => integer(whole_left >> shift.min(63)),
        _ => return None,
    })
}
