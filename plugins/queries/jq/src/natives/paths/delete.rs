//! Deleting what paths lead to. All paths are of the value as it was: what is to go is marked first.

use std::collections::BTreeMap;

use forebay_bloblang::Text;

use super::resolve;
use crate::error::{Error, Result};
use crate::limits;
use crate::value::{Object, Value};

/// What of a value goes.
#[derive(Default)]
struct Mark {
    whole: bool,
    members: BTreeMap<Text, Self>,
    items: BTreeMap<usize, Self>,
}

/// The value without what a list of paths leads to.
pub(crate) fn delete(value: Value, paths: &Value) -> Result<Value> {
    let Value::Array(list) = paths else { return Err(Error::typed("delpaths", &value, &[paths])) };
    if list.items().is_empty() {
        return Ok(value);
    }
    let mut marks = Mark::default();
    for path in list.items() {
        let marked = match path {
            Value::Array(keys) if keys.items().len() > limits::DEPTH => {
                return Err(Error::Exceeded(format!("a path has more than {} keys", limits::DEPTH)));
            }
            Value::Array(keys) => mark(&value, keys.items(), &mut marks),
            other => Err(Error::no_array(other)),
        };
        marked.map_err(|error| error.within("delpaths", &value, &[paths]))?;
    }
    Ok(if marks.whole { Value::Null } else { swept(&value, &marks) })
}

fn mark(value: &Value, path: &[Value], marks: &mut Mark) -> Result<()> {
    if marks.whole {
        return Ok(());
    }
    let Some((key, rest)) = path.split_first() else {
        marks.whole = true;
        return Ok(());
    };
    match (key, value) {
        (Value::Text(_), Value::Null) => Ok(()),
        (Value::Text(name), Value::Object(object)) => match object.get(name) {
            Some(member) => mark(member, rest, marks.members.entry(name.clone()).or_default()),
            None => Ok(()),
        },
        (Value::Text(_), other) => Err(Error::no_object(other)),
        (Value::Int(_) | Value::Float(_) | Value::Big(_), Value::Null) => Ok(()),
        (_, Value::Array(array)) => items(array.items(), 0, path, marks),
        (Value::Object(range), Value::Null) => ends(range, 0).map(|_| ()),
        (Value::Int(_) | Value::Float(_) | Value::Big(_) | Value::Object(_), other) => {
            Err(Error::no_array(other))
        }
        _ => Err(Error::no_key(key)),
    }
}

/// Marks in a part of a list that begins at `offset`.
fn items(list: &[Value], offset: usize, path: &[Value], marks: &mut Mark) -> Result<()> {
    let Some((key, rest)) = path.split_first() else {
        for at in offset..offset + list.len() {
            marks.items.entry(at).or_default().whole = true;
        }
        return Ok(());
    };
    match key {
        Value::Int(_) | Value::Float(_) | Value::Big(_) => {
            let at = super::place(key, list.len());
            match at.and_then(|at| Some((at, list.get(at)?))) {
                Some((at, item)) => mark(item, rest, marks.items.entry(offset + at).or_default()),
                None => Ok(()),
            }
        }
        Value::Object(range) => {
            let (start, end) = ends(range, list.len())?;
            if start == end {
                return Ok(());
            }
            items(list.get(start..end).unwrap_or_default(), offset + start, rest, marks)
        }
        Value::Text(_) => Err(Error::no_object(&Value::array(list.to_vec()))),
        _ => Err(Error::no_place("an array", key)),
    }
}

/// The ends of a range in so many items; what is no number is open.
pub(super) fn ends(range: &Object, length: usize) -> Result<(usize, usize)> {
    let missing = || Error::no_range(&Value::Object(range.clone()));
    let from = range.get("start").ok_or_else(missing)?;
    let to = range.get("end").ok_or_else(missing)?;
    let at =
        |number: i64, least: usize| resolve(number, length).unwrap_or(least).clamp(least, length.max(least));
    let start = from.as_int().map_or(0, |number| at(number, 0));
    Ok((start, to.as_int().map_or(length, |number| at(number, start))))
}

fn swept(value: &Value, marks: &Mark) -> Value {
    match value {
        Value::Object(object) if !marks.members.is_empty() => {
            let kept = object.iter().filter_map(|(key, value)| match marks.members.get(key) {
                Some(mark) if mark.whole => None,
                Some(mark) => Some((key.clone(), swept(value, mark))),
                None => Some((key.clone(), value.clone())),
            });
            Value::Object(kept.collect())
        }
        Value::Array(array) if !marks.items.is_empty() => {
            let kept = array.items().iter().enumerate().filter_map(|(at, item)| match marks.items.get(&at) {
                Some(mark) if mark.whole => None,
                Some(mark) => Some(swept(item, mark)),
                None => Some(item.clone()),
            });
            Value::array(kept.collect())
        }
        other => other.clone(),
    }
}
