//! Operators on values, as gval applies them: numbers are floats, and text that is one counts as one.

use crate::regex::Regex;
use crate::value::{Number, Value};

/// A value as text.
pub(super) fn text(value: &Value) -> String {
    match value {
        Value::Null => "<nil>".to_owned(),
        other => other.verbose(),
    }
}

/// What an object or array has under a key.
pub(super) fn member(value: &Value, key: &str) -> Option<Value> {
    match value {
        Value::Object(object) => object.get(key).cloned(),
        Value::Array(items) => items.get(key.parse::<usize>().ok()?).cloned(),
        _ => None,
    }
}

/// A value as an index.
pub(super) fn whole(value: &Value) -> Result<i64, String> {
    let number = number(value).ok_or_else(|| format!("expected number, got {}", text(value)))?;
    Ok(Number::Float(number).as_i64())
}

fn number(value: &Value) -> Option<f64> {
    match value {
        Value::String(text) => text.parse().ok(),
        other => other.as_number().map(Number::as_f64),
    }
}

/// A value as a condition.
pub(super) fn truth(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(value) => Some(*value),
        Value::String(text) => match text.as_str() {
            "true" | "TRUE" => Some(true),
            "false" | "FALSE" => Some(false),
            _ => None,
        },
        other => other.as_number().map(|number| number.as_f64() != 0.0),
    }
}

pub(super) fn not(value: &Value) -> Result<Value, String> {
    truth(value)
        .map(|value| Value::Bool(!value))
        .ok_or_else(|| format!("unexpected {} expected bool", value.go_type()))
}

pub(super) fn negate(value: &Value) -> Result<Value, String> {
    let number = number(value).ok_or_else(|| format!("unexpected {} expected number", value.go_type()))?;
    Ok(Value::Float(-number))
}

/// The answer where the right operand does not matter.
pub(super) fn early(operator: &str, left: &Result<Value, String>) -> Option<Result<Value, String>> {
    match (operator, left) {
        ("&&", Ok(value)) if truth(value) == Some(false) => Some(Ok(Value::Bool(false))),
        ("||", Ok(value)) if truth(value) == Some(true) => Some(Ok(Value::Bool(true))),
        ("??", Ok(value)) if *value != Value::Null => Some(Ok(value.clone())),
        _ => None,
    }
}

fn invalid(operator: &str, left: &Value, right: &Value) -> String {
    format!("invalid operation ({}) {operator} ({})", left.go_type(), right.go_type())
}

pub(super) fn apply(operator: &str, left: &Value, right: &Value) -> Result<Value, String> {
    let wrong = || invalid(operator, left, right);
    match operator {
        "??" => return Ok(right.clone()),
        "==" => return Ok(Value::Bool(equal(left, right))),
        "!=" => return Ok(Value::Bool(!equal(left, right))),
        "in" => {
            let Value::Array(items) = right else {
                return Err(format!(
                    "expected type []interface{{}} for in operator but got {}",
                    right.go_type()
                ));
            };
            return Ok(Value::Bool(items.iter().any(|item| equal(left, item))));
        }
        "=~" | "!~" => {
            let (subject, pattern) = (text(left), text(right));
            let matched = Regex::compile(&pattern)?.is_match(subject.as_bytes());
            return Ok(Value::Bool(matched == (operator == "=~")));
        }
        "&&" | "||" => {
            let (left, right) = (truth(left).ok_or_else(wrong)?, truth(right).ok_or_else(wrong)?);
            return Ok(Value::Bool(if operator == "&&" { left && right } else { left || right }));
        }
        _ => {}
    }
    if let (Some(left), Some(right)) = (number(left), number(right)) {
        return calculate(operator, left, right).ok_or_else(wrong);
    }
    if !matches!((left, right), (Value::String(_), _) | (_, Value::String(_))) {
        return Err(wrong());
    }
    let (left, right) = (text(left), text(right));
    Ok(match operator {
        "+" => Value::from(left + &right),
        "<" => Value::Bool(left < right),
        "<=" => Value::Bool(left <= right),
        ">" => Value::Bool(left > right),
        ">=" => Value::Bool(left >= right),
        _ => return Err(wrong()),
    })
}

fn equal(left: &Value, right: &Value) -> bool {
    match (number(left), number(right)) {
        (Some(left), Some(right)) => left == right,
        _ => match (left, right) {
            (Value::Bool(_), Value::String(_)) | (Value::String(_), Value::Bool(_)) => {
                truth(left) == truth(right)
            }
            _ => left.alike(right),
        },
    }
}

fn calculate(operator: &str, left: f64, right: f64) -> Option<Value> {
    let (whole_left, whole_right) = (Number::Float(left).as_i64(), Number::Float(right).as_i64());
    #[expect(clippy::cast_precision_loss, reason = "gval's numbers are floats")]
    let float = |value: i64| Value::Float(value as f64);
    let shift = u32::try_from(whole_right.clamp(0, 63)).unwrap_or(0);
    Some(match operator {
        "+" => Value::Float(left + right),
        "-" => Value::Float(left - right),
        "*" => Value::Float(left * right),
        "/" => Value::Float(left / right),
        "%" => Value::Float(left % right),
        "**" => Value::Float(crate::math::pow(left, right)),
        "<" => Value::Bool(left < right),
        "<=" => Value::Bool(left <= right),
        ">" => Value::Bool(left > right),
        ">=" => Value::Bool(left >= right),
        "&" => float(whole_left & whole_right),
        "|" => float(whole_left | whole_right),
        "<<" => float(whole_left.wrapping_shl(shift)),
        ">>" => float(whole_left.wrapping_shr(shift)),
        _ => return None,
    })
}
