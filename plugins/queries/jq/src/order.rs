//! The order of all values: null, false, true, numbers, strings, arrays, objects.

use std::cmp::Ordering;

use crate::number::{big_to_float, wide};
use crate::value::Value;

pub(crate) fn compare(left: &Value, right: &Value) -> Ordering {
    match (left, right) {
        (Value::Int(left), Value::Int(right)) => left.cmp(right),
        (Value::Int(left), Value::Float(right)) => floats(wide(*left), *right),
        (Value::Float(left), Value::Int(right)) => floats(*left, wide(*right)),
        (Value::Float(left), Value::Float(right)) => floats(*left, *right),
        (Value::Big(left), Value::Big(right)) => left.cmp(right),
        (Value::Big(left), Value::Int(right)) => (**left).cmp(&(*right).into()),
        (Value::Int(left), Value::Big(right)) => num_bigint::BigInt::from(*left).cmp(right),
        (Value::Big(left), Value::Float(right)) => floats(big_to_float(left), *right),
        (Value::Float(left), Value::Big(right)) => floats(*left, big_to_float(right)),
        (Value::Text(left), Value::Text(right)) => left.cmp(right),
        (Value::Array(left), Value::Array(right)) => slices(left.items(), right.items()),
        (Value::Object(left), Value::Object(right)) => {
            let keys = left.iter().map(|(key, _)| key).cmp(right.iter().map(|(key, _)| key));
            let values = || left.iter().zip(right.iter()).map(|((_, left), (_, right))| compare(left, right));
            keys.then_with(|| values().find(|order| order.is_ne()).unwrap_or(Ordering::Equal))
        }
        _ => rank(left).cmp(&rank(right)),
    }
}

pub(crate) fn slices(left: &[Value], right: &[Value]) -> Ordering {
    let different =
        left.iter().zip(right).map(|(left, right)| compare(left, right)).find(|order| order.is_ne());
    different.unwrap_or_else(|| left.len().cmp(&right.len()))
}

/// Not a number is less than everything, itself included.
fn floats(left: f64, right: f64) -> Ordering {
    left.partial_cmp(&right).unwrap_or(if left.is_nan() { Ordering::Less } else { Ordering::Greater })
}

fn rank(value: &Value) -> u8 {
    match value {
        Value::Null => 0,
        Value::Bool(false) => 1,
        Value::Bool(true) => 2,
        Value::Int(_) | Value::Float(_) | Value::Big(_) => 3,
        Value::Text(_) => 4,
        Value::Array(_) => 5,
        Value::Object(_) => 6,
    }
}
