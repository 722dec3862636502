//! Putting a value at a path, and taking away what is there, with the words of the library that Bento uses (gabs).

use crate::value::{Object, Path, Segment, Value};

/// Puts `new` at `path`. Objects are made on the way; `-` stands for a new element of an array.
pub(super) fn put(target: &mut Value, path: &Path, new: Value) -> Result<(), String> {
    descend(target, &path.0, 0, new)
}

fn descend(target: &mut Value, path: &[Segment], at: usize, new: Value) -> Result<(), String> {
    let Some((segment, rest)) = path.split_first() else {
        *target = new;
        return Ok(());
    };
    if *target == Value::Null {
        *target = Value::Object(Object::new());
    }
    let key = segment.key.as_str();
    match target {
        Value::Object(object) => {
            object.update(&segment.key, |child| descend(child, rest, at + 1, new)).unwrap_or(Ok(()))
        }
        Value::Array(_) if key == "-" && at == 0 => {
            Err("unable to append new array index at root of path".to_owned())
        }
        Value::Array(items) if key == "-" => {
            let mut item = Value::Null;
            descend(&mut item, rest, at + 1, new)?;
            items.push(item);
            Ok(())
        }
        Value::Array(items) => {
            let failed = |reason: String| format!("failed to resolve path segment '{at}': {reason}");
            let index = index(key).map_err(|error| {
                failed(format!(
                    "found array but segment value '{key}' could not be parsed into array index: {error}"
                ))
            })?;
            let length = items.len();
            let place = usize::try_from(index)
                .map_err(|_| failed(format!("found array but index '{index}' is invalid")))?;
            if !rest.is_empty() && items.get(place) == Some(&Value::Null) {
                return Err(failed(format!("field '{key}' was not found")));
            }
            items.update(place, |child| descend(child, rest, at + 1, new)).unwrap_or_else(|| {
                Err(failed(format!(
                    "found array but index '{index}' exceeded target array size of '{length}'"
                )))
            })
        }
        _ => Err("encountered value collision whilst building path".to_owned()),
    }
}

/// Takes away what is at `path`.
pub(super) fn take(target: &mut Value, path: &Path) -> Result<(), String> {
    if *target == Value::Null {
        return Err("not an object".to_owned());
    }
    let Some((last, parents)) = path.0.split_last() else { return Err("invalid search query".to_owned()) };
    let parent = Path(parents.to_vec());
    let key = last.key.as_str();
    match parent.find(target).as_deref() {
        Some(Value::Object(object)) if object.contains_key(key) => {}
        Some(Value::Object(_)) => return Err("field not found".to_owned()),
        Some(Value::Array(_)) if parents.is_empty() => {
            return Err("unable to delete array index at root of path".to_owned());
        }
        Some(Value::Array(items)) => {
            let index =
                index(key).map_err(|error| format!("failed to parse array index '{key}': {error}"))?;
            if !usize::try_from(index).is_ok_and(|index| index < items.len()) {
                return Err("out of bounds".to_owned());
            }
        }
        _ => return Err("not an object or array".to_owned()),
    }
    path.remove(target);
    Ok(())
}

fn index(key: &str) -> Result<i64, String> {
    let parsed = crate::value::strconv::parse_int(key, 10);
    parsed.map_err(|error| error.to_string().replacen("strconv.ParseInt", "strconv.Atoi", 1))
}
