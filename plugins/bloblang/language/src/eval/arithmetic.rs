//! Operators on values.

use std::cmp::Ordering;

use crate::failure::Failure;
use crate::limits::TEXT_BYTES;
use crate::syntax::Operator;
use crate::value::{Number, Text, Value};

type Title<'a> = &'a dyn Fn() -> String;

/// `left operator right`; the titles name the operands in messages.
pub(crate) fn apply(
    operator: Operator,
    left: &Value,
    right: &Value,
    titles: (Title<'_>, Title<'_>),
) -> Result<Value, Failure> {
    if let (Value::Int(left), Value::Int(right)) = (left, right)
        && let Some(value) = whole(operator, *left, *right)
    {
        return Ok(value);
    }
    let mismatch = |verb: &str| {
        let (left_title, right_title) = (titles.0(), titles.1());
        // Sums, differences and products see times as text.
        let kind = |value: &Value| match value {
            Value::Timestamp(_) if !matches!(verb, "divide" | "modulo" | "compare") => "string",
            // A number beyond all floats is text, where it is made a number at all.
            Value::Number(_) if verb != "compare" && value.as_number().is_none() => "string",
            other => other.kind(),
        };
        let plain = verb == "add" && left.kind() != "number";
        let left = match left {
            Value::Timestamp(_) if verb == "add" => left.kind(),
            left => kind(left),
        };
        Failure::named(format!(
            "cannot {verb} types {left} (from {left_title}) and {} (from {right_title})",
            if plain && matches!(right, Value::Number(_)) { "number" } else { kind(right) }
        ))
    };
    let numbers = |verb: &str| match (left.as_number(), right.as_number()) {
        (Some(left), Some(right)) => Ok((left, right)),
        _ => Err(mismatch(verb)),
    };
    let zero = || Failure::new("attempted to divide by zero").about(titles.1);
    let order = |accepted: fn(Ordering) -> bool| match (left.as_number(), right.as_number()) {
        // What is not a number comes neither before nor after anything.
        (Some(left), Some(right)) => Ok(Value::Bool(Number::order(left, right).is_some_and(accepted))),
        _ => left.order(right).map(|order| Value::Bool(accepted(order))).ok_or_else(|| mismatch("compare")),
    };
    Ok(match operator {
        Operator::Add => match concatenate(left, right)? {
            Some(value) => value,
            None => {
                let (left, right) = numbers("add")?;
                degrade(left, right, i64::wrapping_add, u64::wrapping_add, |a, b| a + b)
            }
        },
        Operator::Subtract => {
            let (left, right) = numbers("subtract")?;
            degrade(left, right, i64::wrapping_sub, u64::wrapping_sub, |a, b| a - b)
        }
        Operator::Multiply => {
            let (left, right) = numbers("multiply")?;
            degrade(left, right, i64::wrapping_mul, u64::wrapping_mul, |a, b| a * b)
        }
        Operator::Divide => {
            let (left, right) = numbers("divide")?;
            if right.as_f64() == 0.0 {
                return Err(zero());
            }
            Value::Float(left.as_f64() / right.as_f64())
        }
        Operator::Modulo => {
            let (left, right) = numbers("modulo")?;
            if right.as_i64() == 0 {
                return Err(zero());
            }
            Value::Int(left.as_i64().wrapping_rem(right.as_i64()))
        }
        Operator::Coalesce => {
            if left.is_absent() {
                right.clone()
            } else {
                left.clone()
            }
        }
        Operator::Equal => Value::Bool(left.same(right)),
        Operator::NotEqual => Value::Bool(!left.same(right)),
        Operator::Greater => order(Ordering::is_gt)?,
        Operator::GreaterOrEqual => order(Ordering::is_ge)?,
        Operator::Less => order(Ordering::is_lt)?,
        Operator::LessOrEqual => order(Ordering::is_le)?,
        Operator::And => Value::Bool(truth(left)? && truth(right)?),
        Operator::Or => Value::Bool(truth(left)? || truth(right)?),
    })
}

/// Operators on two integers that cannot fail.
fn whole(operator: Operator, left: i64, right: i64) -> Option<Value> {
    Some(match operator {
        Operator::Add => Value::Int(left.wrapping_add(right)),
        Operator::Subtract => Value::Int(left.wrapping_sub(right)),
        Operator::Multiply => Value::Int(left.wrapping_mul(right)),
        Operator::Equal => Value::Bool(left == right),
        Operator::NotEqual => Value::Bool(left != right),
        Operator::Greater => Value::Bool(left > right),
        Operator::GreaterOrEqual => Value::Bool(left >= right),
        Operator::Less => Value::Bool(left < right),
        Operator::LessOrEqual => Value::Bool(left <= right),
        _ => return None,
    })
}

/// An operand of `&&` and `||`: a bool, or a number that is not zero.
pub(crate) fn truth(value: &Value) -> Result<bool, Failure> {
    value.as_truth().ok_or_else(|| Failure::expected("bool", value))
}

/// Text is joined only when the left side is text.
fn concatenate(left: &Value, right: &Value) -> Result<Option<Value>, Failure> {
    let Some(first) = left.as_text() else { return Ok(None) };
    let second = match right {
        Value::Timestamp(at) => Text::from(at.to_string()),
        other => match other.as_text() {
            Some(text) => text,
            None => return Ok(None),
        },
    };
    if first.len() + second.len() > TEXT_BYTES {
        return Err(Failure::new(format!("a text of more than {TEXT_BYTES} bytes is too long")));
    }
    if first.is_broken() || second.is_broken() {
        return Ok(Some(Value::String(Text::of(&[first.raw(), second.raw()].concat()))));
    }
    let mut joined = String::with_capacity(first.len() + second.len());
    joined.push_str(&first);
    joined.push_str(&second);
    Ok(Some(Value::from(joined)))
}

/// Calculates in the widest shape of the two: a float makes a float, otherwise a signed makes a signed.
fn degrade(
    left: Number,
    right: Number,
    signed: fn(i64, i64) -> i64,
    unsigned: fn(u64, u64) -> u64,
    float: fn(f64, f64) -> f64,
) -> Value {
    match (left, right) {
        (Number::Float(_), _) | (_, Number::Float(_)) => Value::Float(float(left.as_f64(), right.as_f64())),
        (Number::Uint(left), Number::Uint(right)) => Value::Uint(unsigned(left, right)),
        _ => Value::Int(signed(left.as_i64(), right.as_i64())),
    }
}
