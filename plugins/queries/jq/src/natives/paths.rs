//! Indexes, slices and paths.

mod delete;
mod set;

pub(crate) use delete::delete;
pub(crate) use set::set;

use super::{Native, first, second};
use crate::error::{Error, Result};
use crate::order::slices;
use crate::value::Value;

pub(crate) const NATIVES: &[Native] = &[
    Native::new("_index", 2, |_, _, arguments| index(first(arguments), second(arguments))),
    Native::new("_slice", 3, |_, _, arguments| {
        slice(first(arguments), super::third(arguments), second(arguments))
    }),
    Native::new("setpath", 2, |_, input, arguments| {
        set(input.clone(), first(arguments), second(arguments).clone())
    }),
    Native::new("delpaths", 1, |_, input, arguments| delete(input.clone(), first(arguments))),
];

/// What a value has under a key.
pub(crate) fn index(value: &Value, key: &Value) -> Result<Value> {
    match (key, value) {
        (Value::Text(_) | Value::Array(_) | Value::Object(_), Value::Null) => Ok(Value::Null),
        (Value::Int(_) | Value::Float(_) | Value::Big(_), Value::Null) => Ok(Value::Null),
        (Value::Text(key), Value::Object(object)) => Ok(object.get(key).cloned().unwrap_or(Value::Null)),
        (Value::Text(_), other) => Err(Error::no_object(other)),
        (Value::Int(_) | Value::Float(_) | Value::Big(_), Value::Array(array)) => {
            let items = array.items();
            Ok(place(key, items.len()).and_then(|at| items.get(at)).cloned().unwrap_or(Value::Null))
        }
        (Value::Int(_) | Value::Float(_) | Value::Big(_), Value::Text(text)) => {
            let at = place(key, text.chars().count());
            let character = at.and_then(|at| text.chars().nth(at));
            Ok(character.map_or(Value::Null, |character| Value::from(character.to_string())))
        }
        (Value::Array(part), Value::Array(whole)) => Ok(indices(whole.items(), part.items())),
        (Value::Object(range), value) => {
            let missing = || Error::no_range(key);
            let from = range.get("start").ok_or_else(missing)?;
            let to = range.get("end").ok_or_else(missing)?;
            slice(value, from, to)
        }
        (Value::Int(_) | Value::Float(_) | Value::Big(_) | Value::Array(_), other) => {
            Err(Error::no_array(other))
        }
        (_, Value::Array(_)) => Err(Error::no_place("an array", key)),
        (_, Value::Text(_)) => Err(Error::no_place("a string", key)),
        _ => Err(Error::no_key(key)),
    }
}

/// Where a number is in so many items; counted from the end where it is negative.
fn place(number: &Value, length: usize) -> Option<usize> {
    resolve(number.as_int()?, length).filter(|at| *at < length)
}

/// The same where it may be past the end.
fn resolve(number: i64, length: usize) -> Option<usize> {
    let from_end = if number < 0 { i64::try_from(length).unwrap_or(i64::MAX) } else { 0 };
    usize::try_from(number.saturating_add(from_end)).ok()
}

/// Where `part` is in `whole`.
pub(crate) fn indices(whole: &[Value], part: &[Value]) -> Value {
    if part.is_empty() {
        return Value::array(Vec::new());
    }
    let windows = whole.windows(part.len()).enumerate();
    let found = windows.filter(|(_, window)| slices(window, part).is_eq());
    Value::array(found.map(|(at, _)| Value::count(at)).collect())
}

/// A part of a list or of text.
pub(crate) fn slice(value: &Value, from: &Value, to: &Value) -> Result<Value> {
    match value {
        Value::Null => Ok(Value::Null),
        Value::Array(array) => {
            let (start, end) = range("an array", from, to, array.items().len())?;
            if (start, end) == (0, array.items().len()) {
                return Ok(value.clone());
            }
            Ok(Value::array(array.items().get(start..end).unwrap_or_default().to_vec()))
        }
        Value::Text(text) => {
            let (start, end) = range("a string", from, to, text.chars().count())?;
            let mut places = text.char_indices().map(|(at, _)| at);
            let begin = places.nth(start).unwrap_or(text.len());
            let stop = if end > start { places.nth(end - start - 1).unwrap_or(text.len()) } else { begin };
            Ok(Value::Text(text.slice(begin, stop)))
        }
        other => Err(Error::no_array(other)),
    }
}

/// The ends of a slice in so many items.
fn range(of: &str, from: &Value, to: &Value, length: usize) -> Result<(usize, usize)> {
    let end = |value: &Value, open: usize, least: usize| match value {
        Value::Null => Ok(open),
        value => {
            let number = value.as_int().ok_or_else(|| Error::no_place(of, value))?;
            Ok(resolve(number, length).unwrap_or(least).clamp(least, length.max(least)))
        }
    };
    let start = end(from, 0, 0)?;
    Ok((start, end(to, length, start)?))
}

/// What a path leads to.
pub(crate) fn get(value: &Value, path: &Value) -> Result<Value> {
    let refused = || Error::typed("getpath", value, &[path]);
    let Value::Array(keys) = path else { return Err(refused()) };
    let mut at = value.clone();
    for key in keys.items() {
        if !matches!(at, Value::Null | Value::Array(_) | Value::Object(_)) {
            return Err(refused());
        }
        at = index(&at, key).map_err(|error| error.within("getpath", value, &[path]))?;
    }
    Ok(at)
}
