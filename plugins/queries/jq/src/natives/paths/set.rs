//! Changing what a path leads to, in place where nobody else holds it.

use super::resolve;
use crate::error::{Error, Result};
use crate::limits;
use crate::show::preview;
use crate::value::{Array, Object, Value};

/// An index from which on gojq does not fill up an array.
const TOO_LARGE: i64 = 0x800_0000;

/// The value with `new` at the end of a path.
pub(crate) fn set(mut value: Value, path: &Value, new: Value) -> Result<Value> {
    let Value::Array(keys) = path else { return Err(Error::typed("setpath", &value, &[path])) };
    if keys.items().len() > limits::DEPTH {
        return Err(Error::Exceeded(format!("a path has more than {} keys", limits::DEPTH)));
    }
    match update(&mut value, keys.items(), new.clone()) {
        Ok(()) => Ok(value),
        Err(error) => Err(error.within("setpath", &value, &[path, &new])),
    }
}

/// Changes a value, which stays as it is where that fails.
fn update(value: &mut Value, path: &[Value], new: Value) -> Result<()> {
    let Some((key, rest)) = path.split_first() else {
        *value = new;
        return Ok(());
    };
    match (key, &mut *value) {
        (Value::Text(name), Value::Null) => {
            let mut member = Value::Null;
            update(&mut member, rest, new)?;
            *value = Value::Object(Object::from_iter([(name.clone(), member)]));
            Ok(())
        }
        (Value::Text(name), Value::Object(object)) => {
            let before = object.take(name);
            let was_there = before.is_some();
            let mut member = before.unwrap_or(Value::Null);
            let result = update(&mut member, rest, new);
            if was_there || result.is_ok() {
                object.insert(name.clone(), member);
            }
            result
        }
        (Value::Text(_), other) => Err(Error::no_object(other)),
        (Value::Int(_) | Value::Float(_) | Value::Big(_), Value::Null) => {
            let mut array = Array::from(Vec::new());
            item(&mut array, key, rest, new)?;
            *value = Value::Array(array);
            Ok(())
        }
        (Value::Int(_) | Value::Float(_) | Value::Big(_), Value::Array(array)) => item(array, key, rest, new),
        (Value::Object(range), Value::Null) => {
            let mut array = Array::from(Vec::new());
            part(&mut array, range, rest, new)?;
            *value = Value::Array(array);
            Ok(())
        }
        (Value::Object(range), Value::Array(array)) => part(array, range, rest, new),
        (Value::Int(_) | Value::Float(_) | Value::Big(_) | Value::Object(_), other) => {
            Err(Error::no_array(other))
        }
        (_, Value::Array(_)) => Err(Error::no_place("an array", key)),
        _ => Err(Error::no_key(key)),
    }
}

fn item(array: &mut Array, key: &Value, rest: &[Value], new: Value) -> Result<()> {
    let number = key.as_int().unwrap_or_default();
    let length = array.items().len();
    let Some(at) = resolve(number, length) else {
        return Err(Error::new(format!("array index should not be negative: {number}")));
    };
    if at >= length {
        if number >= TOO_LARGE {
            return Err(Error::new(format!("array index too large: {}", preview(&Value::Int(number)))));
        }
        if at >= limits::ITEMS {
            return Err(Error::Exceeded(format!("an array has more than {} items", limits::ITEMS)));
        }
        let mut member = Value::Null;
        update(&mut member, rest, new)?;
        array.nest(member.depth());
        let items = array.change();
        items.resize(at, Value::Null);
        items.push(member);
        return Ok(());
    }
    let Some(place) = array.change().get_mut(at) else { return Ok(()) };
    let mut member = std::mem::replace(place, Value::Null);
    let result = update(&mut member, rest, new);
    array.nest(member.depth());
    if let Some(place) = array.change().get_mut(at) {
        *place = member;
    }
    result
}

/// Changes a slice, which may become longer or shorter.
fn part(array: &mut Array, range: &Object, rest: &[Value], new: Value) -> Result<()> {
    let (start, end) = super::delete::ends(range, array.items().len())?;
    let mut member = Value::array(array.items().get(start..end).unwrap_or_default().to_vec());
    update(&mut member, rest, new)?;
    let Value::Array(member) = member else { return Err(Error::no_array(&member)) };
    let mut items = array.items().get(..start).unwrap_or_default().to_vec();
    items.extend_from_slice(member.items());
    items.extend_from_slice(array.items().get(end..).unwrap_or_default());
    *array = Array::from(items);
    Ok(())
}
