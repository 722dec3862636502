//! Paths into documents, resolved when the mapping is compiled.
//!
//! Reading never fails: what is missing, or is not of the shape the path asks for, is simply not there. Writing
//! creates objects on the way, and fails where something else than an object or array stands.

use std::borrow::Cow;
use std::fmt;

use super::{Array, Object, Text, Value};

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
    /// After this many steps stands a value of this kind, which can hold nothing.
    Collision { at: usize, kind: &'static str },
    /// The step leads to no element of the array it meets.
    Index { at: usize },
}

impl Path {
    /// A path written with dots, in which `~1` stands for a dot and `~0` for a tilde.
    pub(crate) fn dotted(text: &str) -> Self {
        if text.is_empty() {
            return Self::default();
        }
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

    /// The first `length` steps, as a message shows them.
    pub(crate) fn shown(&self, length: usize) -> String {
        Self(self.0.iter().take(length).cloned().collect()).to_string()
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
    let found: Vec<_> = items
        .iter()
        .filter_map(|item| find(item, rest))
        .filter(|found| !matches!(found.as_ref(), Value::Null))
        .map(Cow::into_owned)
        .collect();
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
            let index = segment.index.ok_or(AssignError::Index { at })?;
            items
                .update(index, |child| assign(child, rest, at + 1, new))
                .unwrap_or(Err(AssignError::Index { at }))
        }
        other => Err(AssignError::Collision { at, kind: other.kind() }),
    }
}

fn remove(target: &mut Value, path: &[Segment]) {
    let Some((segment, rest)) = path.split_first() else { return };
    match target {
        Value::Object(object) if rest.is_empty() => {
            object.remove(&segment.key);
        }
        Value::Object(object) => {
            object.update_existing(&segment.key, |child| remove(child, rest));
        }
        Value::Array(items) => {
            let Some(index) = segment.index else { return };
            if rest.is_empty() {
                items.remove(index);
            } else {
                items.update(index, |child| remove(child, rest));
            }
        }
        _ => {}
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
        assert_eq!(Path::dotted("d.9").assign(&mut value, Value::Null), Err(AssignError::Index { at: 1 }));
        assert_eq!(
            Path::dotted("c.x.y").assign(&mut value, Value::Null),
            Err(AssignError::Collision { at: 1, kind: "number" })
        );
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
