//! What arrays and objects are made of.

use forebay_bloblang::Text;

use super::arithmetic::{absolute, add};
use super::strings::{explode, joined};
use super::{Native, first};
use crate::error::{Error, Result};
use crate::limits;
use crate::order::{compare, slices};
use crate::value::{Object, Value};

pub(crate) const NATIVES: &[Native] = &[
    Native::new("length", 0, |_, input, _| length(input)),
    Native::new("keys", 0, |_, input, _| keys(input)),
    Native::new("has", 1, |_, input, arguments| has(input, first(arguments))),
    Native::new("to_entries", 0, |_, input, _| to_entries(input)),
    Native::new("from_entries", 0, |_, input, _| from_entries(input)),
    Native::new("add", 0, |_, input, _| sum(input)),
    Native::new("type", 0, |_, input, _| Ok(Value::from(input.kind()))),
    Native::new("reverse", 0, |_, input, _| match input {
        Value::Array(array) => Ok(Value::array(array.items().iter().rev().cloned().collect())),
        other => Err(Error::type0("reverse", other)),
    }),
    Native::new("contains", 1, |_, input, arguments| contains(input, first(arguments)).map(Value::Bool)),
    Native::new("indices", 1, |_, input, arguments| {
        search("indices", input, first(arguments), super::paths::indices)
    }),
    Native::new("index", 1, |_, input, arguments| {
        search("index", input, first(arguments), |whole, part| {
            at(whole.windows(part.len().max(1)).position(|window| is_at(window, part)))
        })
    }),
    Native::new("rindex", 1, |_, input, arguments| {
        search("rindex", input, first(arguments), |whole, part| {
            at(whole.windows(part.len().max(1)).rposition(|window| is_at(window, part)))
        })
    }),
    Native::new("flatten", 0, |_, input, _| flatten(input, -1.0)),
    Native::new("flatten", 1, |_, input, arguments| {
        if values(input).is_none() {
            return Err(Error::type0("flatten", input));
        }
        let levels = first(arguments).as_float().ok_or_else(|| Error::type0("flatten", first(arguments)))?;
        if levels < 0.0 {
            let shown = crate::show::preview(&Value::Float(levels));
            return Err(Error::new(format!("flatten depth should not be negative: {shown}")));
        }
        flatten(input, levels)
    }),
    Native::new("transpose", 0, |_, input, _| transpose(input)),
    Native::new("join", 1, |_, input, arguments| join(input, first(arguments))),
];

/// The values inside, in order.
pub(super) fn values(value: &Value) -> Option<Vec<&Value>> {
    match value {
        Value::Array(array) => Some(array.items().iter().collect()),
        Value::Object(object) => Some(object.iter().map(|(_, value)| value).collect()),
        _ => None,
    }
}

fn length(value: &Value) -> Result<Value> {
    Ok(match value {
        Value::Null => Value::Int(0),
        Value::Text(text) => Value::count(text.chars().count()),
        Value::Array(array) => Value::count(array.items().len()),
        Value::Object(object) => Value::count(object.len()),
        other => return absolute(other).ok_or_else(|| Error::type0("length", other)),
    })
}

fn keys(value: &Value) -> Result<Value> {
    match value {
        Value::Array(array) => Ok(Value::array((0..array.items().len()).map(Value::count).collect())),
        Value::Object(object) => {
            Ok(Value::array(object.iter().map(|(key, _)| Value::Text(key.clone())).collect()))
        }
        other => Err(Error::type0("keys", other)),
    }
}

fn has(value: &Value, key: &Value) -> Result<Value> {
    let found = match (value, key) {
        (Value::Array(array), key) => {
            key.as_int().map(|at| usize::try_from(at).is_ok_and(|at| at < array.items().len()))
        }
        (Value::Object(object), Value::Text(key)) => Some(object.get(key).is_some()),
        (Value::Null, _) => Some(false),
        _ => None,
    };
    found.map(Value::Bool).ok_or_else(|| Error::typed("has", value, &[key]))
}

fn to_entries(value: &Value) -> Result<Value> {
    let entry = |key: Value, value: &Value| Value::object([("key", key), ("value", value.clone())]);
    match value {
        Value::Array(array) => {
            let entries = array.items().iter().enumerate();
            Ok(Value::array(entries.map(|(at, value)| entry(Value::count(at), value)).collect()))
        }
        Value::Object(object) => {
            let entries = object.iter().map(|(key, value)| entry(Value::Text(key.clone()), value));
            Ok(Value::array(entries.collect()))
        }
        other => Err(Error::type0("to_entries", other)),
    }
}

fn from_entries(value: &Value) -> Result<Value> {
    let Value::Array(list) = value else { return Err(Error::type0("from_entries", value)) };
    let mut object = Object::from_iter([]);
    for entry in list.items() {
        let Value::Object(entry) = entry else { return Err(Error::type0("from_entries", entry)) };
        let keys = ["key", "Key", "name", "Name"].into_iter().filter_map(|key| entry.get(key));
        let key = match keys.into_iter().find(|key| key.is_true()) {
            Some(Value::Text(key)) => key.clone(),
            other => {
                return Err(Error::no_key(other.unwrap_or(&Value::Null)).within("from_entries", value, &[]));
            }
        };
        let value = entry.get("value").or_else(|| entry.get("Value")).cloned().unwrap_or(Value::Null);
        object.insert(key, value);
    }
    Ok(Value::Object(object))
}

/// Strings and lists are put together in one go.
fn sum(value: &Value) -> Result<Value> {
    let values = values(value).ok_or_else(|| Error::type0("add", value))?;
    let present = || values.iter().filter(|value| !matches!(value, Value::Null));
    if present().all(|value| matches!(value, Value::Text(_))) && present().next().is_some() {
        let mut whole = Vec::new();
        for value in present() {
            if let Value::Text(text) = value {
                whole.extend_from_slice(text.raw());
            }
        }
        return Ok(Value::bytes(&whole));
    }
    if present().all(|value| matches!(value, Value::Array(_))) && present().next().is_some() {
        let mut whole = Vec::new();
        for value in present() {
            if let Value::Array(array) = value {
                whole.extend_from_slice(array.items());
            }
        }
        return Ok(Value::array(whole));
    }
    let mut whole = Value::Null;
    for value in values {
        whole = match (whole, value) {
            (Value::Object(mut whole), Value::Object(more)) => {
                more.iter().for_each(|(key, value)| whole.insert(key.clone(), value.clone()));
                Value::Object(whole)
            }
            (whole, value) => add(&whole, value)?,
        };
    }
    Ok(whole)
}

fn contains(value: &Value, part: &Value) -> Result<bool> {
    match (value, part) {
        (Value::Text(value), Value::Text(part)) => Ok(value.contains(part.as_str())),
        (Value::Array(value), Value::Array(part)) => Ok(part
            .items()
            .iter()
            .all(|part| value.items().iter().any(|value| contains(value, part).unwrap_or(false)))),
        (Value::Object(value), Value::Object(part)) => Ok(part
            .iter()
            .all(|(key, part)| value.get(key).is_some_and(|value| contains(value, part).unwrap_or(false)))),
        (Value::Null, Value::Null) => Ok(true),
        (Value::Bool(value), Value::Bool(part)) if value == part => Ok(true),
        _ if value.as_float().is_some() && part.as_float().is_some() => {
            // Not a number is in nothing.
            let is_nan =
                [value, part].iter().any(|value| matches!(value, Value::Float(number) if number.is_nan()));
            Ok(!is_nan && compare(value, part).is_eq())
        }
        _ => Err(Error::typed("contains", value, &[part])),
    }
}

fn is_at(window: &[Value], part: &[Value]) -> bool {
    !part.is_empty() && slices(window, part).is_eq()
}

fn at(found: Option<usize>) -> Value {
    found.map_or(Value::Null, Value::count)
}

fn search(name: &str, value: &Value, part: &Value, find: fn(&[Value], &[Value]) -> Value) -> Result<Value> {
    match (value, part) {
        (Value::Null, _) => Ok(Value::Null),
        (Value::Array(whole), Value::Array(part)) => Ok(find(whole.items(), part.items())),
        (Value::Array(whole), item) => Ok(find(whole.items(), std::slice::from_ref(item))),
        (Value::Text(whole), Value::Text(part)) => Ok(find(&explode(whole), &explode(part))),
        _ => Err(Error::typed(name, value, &[part])),
    }
}

fn flatten(value: &Value, levels: f64) -> Result<Value> {
    let values = values(value).ok_or_else(|| Error::type0("flatten", value))?;
    let mut flat = Vec::new();
    values.into_iter().for_each(|value| flatten_into(value, levels, &mut flat));
    Ok(Value::array(flat))
}

fn flatten_into(value: &Value, levels: f64, flat: &mut Vec<Value>) {
    match value {
        Value::Array(array) if levels != 0.0 => {
            array.items().iter().for_each(|item| flatten_into(item, levels - 1.0, flat));
        }
        other => flat.push(other.clone()),
    }
}

fn transpose(value: &Value) -> Result<Value> {
    let refused = || Error::type0("transpose", value);
    let Value::Array(rows) = value else { return Err(refused()) };
    let mut lists = Vec::with_capacity(rows.items().len());
    for row in rows.items() {
        let Value::Array(row) = row else { return Err(refused()) };
        lists.push(row.items());
    }
    let width = lists.iter().map(|row| row.len()).max().unwrap_or(0);
    if width.saturating_mul(lists.len()) > limits::ITEMS {
        return Err(Error::Exceeded(format!("an array has more than {} items", limits::ITEMS)));
    }
    let column = |at: usize| {
        Value::array(lists.iter().map(|row| row.get(at).cloned().unwrap_or(Value::Null)).collect())
    };
    Ok(Value::array((0..width).map(column).collect()))
}

fn join(value: &Value, separator: &Value) -> Result<Value> {
    let refused = || Error::typed("join", value, &[separator]);
    let values = values(value).ok_or_else(refused)?;
    if values.is_empty() {
        return Ok(Value::from(""));
    }
    let between = match separator {
        Value::Text(text) => text.clone(),
        _ if values.len() > 1 => return Err(refused()),
        _ => Text::fixed(""),
    };
    let mut parts = Vec::with_capacity(values.len());
    for value in values {
        parts.push(match value {
            Value::Null => Text::fixed(""),
            Value::Text(text) => text.clone(),
            Value::Array(_) | Value::Object(_) => {
                let shown = crate::show::typed(value);
                return Err(Error::new(format!("join cannot be applied to an array including: {shown}")));
            }
            other => crate::show::json(other),
        });
    }
    joined(&parts, &between)
}
