//! The operators.

use std::cmp::Ordering;
use std::rc::Rc;

use num_bigint::BigInt;

use super::{Native, first, second};
use crate::error::{Error, Result};
use crate::limits;
use crate::number::{big_to_float, float_to_int, wide};
use crate::order::compare;
use crate::value::{Object, Value};

pub(crate) const NATIVES: &[Native] = &[
    Native::new("_add", 2, |_, _, sides| add(first(sides), second(sides))),
    Native::new("_subtract", 2, |_, _, sides| subtract(first(sides), second(sides))),
    Native::new("_multiply", 2, |_, _, sides| multiply(first(sides), second(sides))),
    Native::new("_divide", 2, |_, _, sides| divide(first(sides), second(sides))),
    Native::new("_modulo", 2, |_, _, sides| modulo(first(sides), second(sides))),
    Native::new("_alternative", 2, |_, _, sides| {
        Ok(if first(sides).is_true() { first(sides) } else { second(sides) }.clone())
    }),
    Native::new("_equal", 2, |_, _, sides| ordered(sides, Ordering::is_eq)),
    Native::new("_notequal", 2, |_, _, sides| ordered(sides, Ordering::is_ne)),
    Native::new("_less", 2, |_, _, sides| ordered(sides, Ordering::is_lt)),
    Native::new("_lesseq", 2, |_, _, sides| ordered(sides, Ordering::is_le)),
    Native::new("_greater", 2, |_, _, sides| ordered(sides, Ordering::is_gt)),
    Native::new("_greatereq", 2, |_, _, sides| ordered(sides, Ordering::is_ge)),
    Native::new("_plus", 0, |_, input, _| match input {
        Value::Int(_) | Value::Float(_) | Value::Big(_) => Ok(input.clone()),
        other => Err(Error::new(format!("cannot plus: {}", crate::show::typed(other)))),
    }),
    Native::new("_negate", 0, |_, input, _| match input {
        Value::Int(number) => Ok(Value::Int(number.wrapping_neg())),
        Value::Float(number) => Ok(Value::Float(-number)),
        Value::Big(number) => Ok(Value::Big(Rc::new(-(**number).clone()))),
        other => Err(Error::new(format!("cannot negate: {}", crate::show::typed(other)))),
    }),
    Native::new("abs", 0, |_, input, _| absolute(input).ok_or_else(|| Error::type0("abs", input))),
    Native::new("not", 0, |_, input, _| Ok(Value::Bool(!input.is_true()))),
];

fn ordered(sides: &[Value], holds: fn(Ordering) -> bool) -> Result<Value> {
    Ok(Value::Bool(holds(compare(first(sides), second(sides)))))
}

/// Two numbers in one shape.
enum Pair {
    Ints(i64, i64),
    Floats(f64, f64),
    Bigs(BigInt, BigInt),
}

fn pair(left: &Value, right: &Value) -> Option<Pair> {
    Some(match (left, right) {
        (Value::Int(left), Value::Int(right)) => Pair::Ints(*left, *right),
        (Value::Int(left), Value::Float(right)) => Pair::Floats(wide(*left), *right),
        (Value::Float(left), Value::Int(right)) => Pair::Floats(*left, wide(*right)),
        (Value::Float(left), Value::Float(right)) => Pair::Floats(*left, *right),
        (Value::Float(left), Value::Big(right)) => Pair::Floats(*left, big_to_float(right)),
        (Value::Big(left), Value::Float(right)) => Pair::Floats(big_to_float(left), *right),
        (Value::Int(left), Value::Big(right)) => Pair::Bigs((*left).into(), (**right).clone()),
        (Value::Big(left), Value::Int(right)) => Pair::Bigs((**left).clone(), (*right).into()),
        (Value::Big(left), Value::Big(right)) => Pair::Bigs((**left).clone(), (**right).clone()),
        _ => return None,
    })
}

fn big(number: BigInt) -> Result<Value> {
    // A decimal digit is more than three bits.
    if number.bits() > limits::DIGITS as u64 * 10 / 3 {
        return Err(Error::Exceeded(format!("an integer has more than {} digits", limits::DIGITS)));
    }
    Ok(Value::Big(Rc::new(number)))
}

pub(crate) fn add(left: &Value, right: &Value) -> Result<Value> {
    match (left, right) {
        (Value::Null, other) | (other, Value::Null) => Ok(other.clone()),
        (Value::Text(left), Value::Text(right)) => {
            if left.len() + right.len() > limits::TEXT {
                return Err(too_long());
            }
            Ok(Value::bytes(&[left.raw(), right.raw()].concat()))
        }
        (Value::Array(before), Value::Array(after)) => match (before.items(), after.items()) {
            ([], _) => Ok(right.clone()),
            (_, []) => Ok(left.clone()),
            (before, after) => Ok(Value::array([before, after].concat())),
        },
        (Value::Object(before), Value::Object(after)) => {
            if before.len() == 0 {
                return Ok(right.clone());
            }
            let mut whole = before.clone();
            after.iter().for_each(|(key, value)| whole.insert(key.clone(), value.clone()));
            Ok(Value::Object(whole))
        }
        _ => match pair(left, right).ok_or_else(|| Error::operator("add", left, right))? {
            Pair::Ints(left, right) => match left.checked_add(right) {
                Some(sum) => Ok(Value::Int(sum)),
                None => big(BigInt::from(left) + right),
            },
            Pair::Floats(left, right) => Ok(Value::Float(left + right)),
            Pair::Bigs(left, right) => big(left + right),
        },
    }
}

pub(crate) fn too_long() -> Error {
    Error::Exceeded(format!("a string is longer than {} MiB", limits::TEXT >> 20))
}

fn subtract(left: &Value, right: &Value) -> Result<Value> {
    if let (Value::Array(left), Value::Array(right)) = (left, right) {
        let is_kept = |item: &&Value| right.items().iter().all(|other| compare(item, other).is_ne());
        return Ok(Value::array(left.items().iter().filter(is_kept).cloned().collect()));
    }
    match pair(left, right).ok_or_else(|| Error::operator("subtract", left, right))? {
        Pair::Ints(left, right) => match left.checked_sub(right) {
            Some(difference) => Ok(Value::Int(difference)),
            None => big(BigInt::from(left) - right),
        },
        Pair::Floats(left, right) => Ok(Value::Float(left - right)),
        Pair::Bigs(left, right) => big(left - right),
    }
}

fn multiply(left: &Value, right: &Value) -> Result<Value> {
    match (left, right) {
        (Value::Object(left), Value::Object(right)) => Ok(Value::Object(merge(left, right))),
        (Value::Text(text), number) | (number, Value::Text(text)) if number.as_float().is_some() => {
            repeat(text, number.as_float().unwrap_or_default())
        }
        _ => match pair(left, right).ok_or_else(|| Error::operator("multiply", left, right))? {
            Pair::Ints(left, right) => match left.checked_mul(right) {
                Some(product) => Ok(Value::Int(product)),
                None => big(BigInt::from(left) * right),
            },
            Pair::Floats(left, right) => Ok(Value::Float(left * right)),
            Pair::Bigs(left, right) => big(left * right),
        },
    }
}

fn merge(left: &Object, right: &Object) -> Object {
    let mut whole = left.clone();
    for (key, value) in right.iter() {
        let value = match (left.get(key), value) {
            (Some(Value::Object(left)), Value::Object(right)) => Value::Object(merge(left, right)),
            (_, value) => value.clone(),
        };
        whole.insert(key.clone(), value);
    }
    whole
}

/// Null where that is too often, as in gojq.
fn repeat(text: &forebay_bloblang::Text, times: f64) -> Result<Value> {
    let bytes = text.raw();
    let most = limits::TEXT.checked_div(bytes.len()).and_then(|most| i64::try_from(most).ok());
    if times.is_nan() || times < 0.0 || most.is_some_and(|most| times > wide(most)) {
        return Ok(Value::Null);
    }
    let times = usize::try_from(float_to_int(times)).unwrap_or(0);
    if bytes.len().saturating_mul(times) > limits::MEMORY {
        return Err(Error::Exceeded(format!(
            "the query takes more than {} MiB of memory",
            limits::MEMORY >> 20
        )));
    }
    Ok(Value::bytes(&if bytes.is_empty() { Vec::new() } else { bytes.repeat(times) }))
}

fn divide(left: &Value, right: &Value) -> Result<Value> {
    if let (Value::Text(left), Value::Text(right)) = (left, right) {
        return Ok(if left.is_empty() {
            Value::array(Vec::new())
        } else {
            super::strings::split(left, right)
        });
    }
    let zero = || Err(Error::zero("divide", left, right));
    match pair(left, right).ok_or_else(|| Error::operator("divide", left, right))? {
        Pair::Ints(_, 0) => zero(),
        Pair::Ints(left, right) => match left.checked_rem(right) {
            Some(0) => Ok(Value::Int(left / right)),
            None => Ok(Value::Int(left.wrapping_div(right))),
            Some(_) => Ok(Value::Float(wide(left) / wide(right))),
        },
        Pair::Floats(left, right) => {
            if right == 0.0 {
                return Err(Error::zero("divide", &Value::Float(left), &Value::Float(right)));
            }
            Ok(Value::Float(left / right))
        }
        Pair::Bigs(left, right) => {
            let none = BigInt::ZERO;
            if right == none {
                return zero();
            }
            if &left % &right == none {
                return big(left / right);
            }
            Ok(Value::Float(big_to_float(&left) / big_to_float(&right)))
        }
    }
}

fn modulo(left: &Value, right: &Value) -> Result<Value> {
    let zero = || Err(Error::zero("modulo", left, right));
    match pair(left, right).ok_or_else(|| Error::operator("modulo", left, right))? {
        Pair::Ints(_, 0) => zero(),
        Pair::Ints(left, right) => Ok(Value::Int(left.wrapping_rem(right))),
        Pair::Floats(left, right) => {
            let whole = float_to_int(right);
            if whole == 0 {
                return Err(Error::zero("modulo", &Value::Float(left), &Value::Float(right)));
            }
            if left.is_nan() || right.is_nan() {
                return Ok(Value::Float(f64::NAN));
            }
            Ok(Value::Int(float_to_int(left).wrapping_rem(whole)))
        }
        Pair::Bigs(left, right) => {
            if right == BigInt::ZERO {
                return zero();
            }
            big(left % right)
        }
    }
}

/// A number without its sign.
pub(crate) fn absolute(value: &Value) -> Option<Value> {
    match value {
        Value::Int(number) => Some(Value::Int(number.wrapping_abs())),
        Value::Float(number) => Some(Value::Float(number.abs())),
        Value::Big(number) => Some(Value::Big(Rc::new(BigInt::from(number.magnitude().clone())))),
        _ => None,
    }
}
