//! Paths into documents, resolved when the mapping is compiled.
//!
//! Reading never fails: what is missing, or is not of the shape the path asks for, is simply not there. Writing
//! creates objects on the way, and fails where something else than an object or array stands.

use std::borrow::Cow;
use std::fmt;

use super::{Array, Object, Text, Value, quoted};

/// One step of a path: a key, which is also an index or the wildcard where it meets an array.
#[derive(Clone, Debug)]
pub(crate) struct Segment {
    pub(crate) key: Text,
    index: Option<usize>,
}

impl Segment {
    pub(crate) fn new(key: Text) -> Self {
        let index = key.parse().ok();
        Self { key, index }
    }

    fn is_wildcard(&self) -> bool {
        self.key.as_str() == "*"
    }
}

/// Steps from a root.
#[derive(Clone, Debug, Default)]
pub(crate) struct Path(pub(crate) Vec<Segment>);

/// Why a value could not be put at a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum AssignError {
    /// On the way stands a value that can hold nothing.
    Collision,
    /// The array that this step meets has no element for it.
    Index { at: usize, key: Text, length: usize },
    /// The element that this step leads to is null, and cannot become an object.
    Missing { at: usize, key: Text },
}

impl fmt::Display for AssignError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Collision => f.write_str("encountered value collision whilst building path"),
            Self::Missing { at, key } => {
                write!(f, "failed to resolve path segment '{at}': field '{key}' was not found")
            }
            Self::Index { at, key, length } => {
                write!(f, "failed to resolve path segment '{at}': found array but ")?;
                match atoi(key) {
                    Ok(index) if index < 0 => write!(f, "index '{key}' is invalid"),
                    Ok(_) => write!(f, "index '{key}' exceeded target array size of '{length}'"),
                    Err(reason) => write!(
                        f,
                        "segment value '{key}' could not be parsed into array index: strconv.Atoi: parsing {}: {reason}",
                        quoted(key)
                    ),
                }
            }
        }
    }
}

/// Reads an integer, or says in Go's words why it is none.
fn atoi(text: &str) -> Result<i64, &'static str> {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err("invalid syntax");
    }
    text.parse().map_err(|_| "value out of range")
}

impl Path {
    /// A path written with dots, in which `~1` stands for a dot and `~0` for a tilde.
    pub(crate) fn dotted(text: &str) -> Self {
        let segment = |part: &str| {
            let part =
                if part.contains('~') { part.replace("~1", ".").replace("~0", "~") } else { part.into() };
            Segment::new(Text::from(part))
        };
        Self(text.split('.').map(segment).collect())
    }

    /// The value at this path.
    pub(crate) fn find<'v>(&self, value: &'v Value) -> Option<Cow<'v, Value>> {
        find(value, &self.0)
    }

    /// Puts `new` at this path.
    pub(crate) fn assign(&self, target: &mut Value, new: Value) -> Result<(), AssignError> {
        assign(target, &self.0, 0, new)
    }

    /// Takes away what is at this path, if anything is.
    pub(crate) fn remove(&self, target: &mut Value) {
        remove(target, &self.0);
    }

    /// The first `length` steps.
    pub(crate) fn first(&self, length: usize) -> Self {
        Self(self.0.iter().take(length).cloned().collect())
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, segment) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str(".")?;
            }
            f.write_str(&segment.key.replace('~', "~0").replace('.', "~1"))?;
        }
        Ok(())
    }
}

fn find<'v>(value: &'v Value, path: &[Segment]) -> Option<Cow<'v, Value>> {
    let mut value = value;
    for (step, segment) in path.iter().enumerate() {
        value = match value {
            Value::Object(object) => object.get(&segment.key)?,
            Value::Array(items) => match segment.index {
                Some(index) => items.get(index)?,
                None if segment.is_wildcard() => {
                    return find_each(items, path.get(step + 1..).unwrap_or_default()).map(Cow::Owned);
                }
                None => return None,
            },
            _ => return None,
        };
    }
    Some(Cow::Borrowed(value))
}

fn find_each(items: &Array, rest: &[Segment]) -> Option<Value> {
    if rest.is_empty() {
        return (!items.is_empty()).then(|| Value::Array(items.clone()));
    }
    let found: Vec<_> = items.iter().filter_map(|item| find(item, rest)).map(Cow::into_owned).collect();
    (!found.is_empty()).then(|| Value::from(found))
}

fn assign(target: &mut Value, path: &[Segment], at: usize, new: Value) -> Result<(), AssignError> {
    let Some((segment, rest)) = path.split_first() else {
        *target = new;
        return Ok(());
    };
    if matches!(target, Value::Null | Value::Nothing) {
        *target = Value::Object(Object::new());
    }
    match target {
        Value::Object(object) if rest.is_empty() => {
            object.insert(segment.key.clone(), new);
            Ok(())
        }
        Value::Object(object) => {
            object.update(&segment.key, |child| assign(child, rest, at + 1, new)).unwrap_or(Ok(()))
        }
        Value::Array(items) if segment.key.as_str() == "-" => {
            let mut item = Value::Null;
            assign(&mut item, rest, at + 1, new)?;
            items.push(item);
            Ok(())
        }
        Value::Array(items) => {
            let length = items.len();
            let outside = || AssignError::Index { at, key: segment.key.clone(), length };
            let index = segment.index.filter(|index| *index < length).ok_or_else(outside)?;
            if !rest.is_empty() && matches!(items.get(index), Some(Value::Null)) {
                return Err(AssignError::Missing { at, key: segment.key.clone() });
            }
            items.update(index, |child| assign(child, rest, at + 1, new)).unwrap_or_else(|| Err(outside()))
        }
        _ => Err(AssignError::Collision),
    }
}

fn remove(target: &mut Value, path: &[Segment]) {
    let Some((segment, rest)) = path.split_first() else { return };
    match target {
        Value::Object(object) if rest.is_empty() => {
            object.remove(&segment.key);
        }
        Value::Object(object) => {
            object.update_existing(&segment.key, |child| remove_inside(child, rest));
        }
        // The elements of a root that is an array stay.
        _ => remove_deep(target, path),
    }
}

/// Below the root elements of arrays can be taken away too.
fn remove_inside(target: &mut Value, path: &[Segment]) {
    match (target, path) {
        (Value::Array(items), [last]) => {
            if let Some(index) = last.index {
                items.remove(index);
            }
        }
        (target @ Value::Array(_), _) => remove_deep(target, path),
        (target, _) => remove(target, path),
    }
}

fn remove_deep(target: &mut Value, path: &[Segment]) {
    let (Value::Array(items), Some((segment, rest))) = (target, path.split_first()) else { return };
    if let (Some(index), false) = (segment.index, rest.is_empty()) {
        items.update(index, |child| remove_inside(child, rest));
    }
}

#[cfg(test)]
mod tests {
    use super::{AssignError, Path};
    use crate::value::{Value, document};

    fn read(json: &str) -> Value {
        document(json.as_bytes()).expect("valid")
    }

    #[test]
    fn reading_takes_indexes_and_wildcards() {
        let value = read(r#"{"a":[{"b":1},{"c":2},{"b":3}],"x.y":5}"#);
        let find = |path: &str| Path::dotted(path).find(&value).map(std::borrow::Cow::into_owned);
        assert_eq!(find("a.0.b"), Some(read("1")));
        assert_eq!(find("a.*.b"), Some(read("[1,3]")));
        assert_eq!(find("a.*.z"), None);
        assert_eq!(find("a.7"), None);
        assert_eq!(find("x~1y"), Some(read("5")));
        assert_eq!(find("a.b.c"), None);
    }

    #[test]
    fn writing_creates_objects_and_appends_to_arrays() {
        let mut value = Value::Nothing;
        for (path, new) in [("a.0.b", 1), ("c", 2)] {
            Path::dotted(path).assign(&mut value, Value::Int(new)).expect("fits");
        }
        Path::dotted("d").assign(&mut value, read("[1]")).expect("fits");
        Path::dotted("d.-").assign(&mut value, Value::Int(2)).expect("fits");
        Path::dotted("d.0").assign(&mut value, Value::Int(0)).expect("fits");
        assert!(value.same(&read(r#"{"a":{"0":{"b":1}},"c":2,"d":[0,2]}"#)), "{value:?}");
        let outside = Path::dotted("d.9").assign(&mut value, Value::Null).map_err(|error| error.to_string());
        let expected =
            "failed to resolve path segment '1': found array but index '9' exceeded target array size of '2'";
        assert_eq!(outside, Err(expected.to_owned()));
        assert_eq!(Path::dotted("c.x.y").assign(&mut value, Value::Null), Err(AssignError::Collision));
    }

    #[test]
    fn removing_what_is_not_there_changes_nothing() {
        let mut value = read(r#"{"a":{"b":1},"c":[1,2]}"#);
        for path in ["x.y", "a.b.c", "c.7", "c.0", "a.b"] {
            Path::dotted(path).remove(&mut value);
        }
        assert_eq!(value, read(r#"{"a":{},"c":[2]}"#));
    }
}
