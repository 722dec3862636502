//! Which changes lead from one value to another.

use super::{Change, message};
use crate::value::{Text, Value};

/// Counts a step, and refuses when there were too many.
type Step<'s> = &'s dyn Fn() -> Result<(), String>;

/// How Go keeps a value; only values kept alike can be compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Text,
    Bool,
    Int,
    Uint,
    Float,
    Time,
    List,
    Map,
}

struct Finder<'s> {
    changes: Vec<Change>,
    step: Step<'s>,
}

/// The changes from `before` to `after`.
///
/// # Errors
/// That two values cannot be compared, or that there is too much to compare.
pub(crate) fn find(before: &Value, after: &Value, step: Step<'_>) -> Result<Vec<Change>, String> {
    let mut finder = Finder { changes: Vec::new(), step };
    if !after.is_absent() {
        finder.compare(&mut Vec::new(), before, after)?;
    } else if let Value::Object(object) = before {
        for (key, value) in object.iter() {
            finder.changes.push(Change::new("delete", std::slice::from_ref(key), value.clone(), Value::Null));
        }
    } else {
        finder.changes.push(Change::new("delete", &[], before.clone(), Value::Null));
    }
    Ok(finder.changes)
}

impl Finder<'_> {
    fn add(&mut self, kind: &'static str, path: &[Text], from: &Value, to: &Value) {
        self.changes.push(Change::new(kind, path, from.clone(), to.clone()));
    }

    /// Compares what two containers have in one place.
    fn place(
        &mut self,
        path: &mut Vec<Text>,
        before: Option<&Value>,
        after: Option<&Value>,
    ) -> Result<(), String> {
        match (before, after) {
            (None, None) | (Some(Value::Null), Some(Value::Null)) => {}
            (None, Some(after)) => self.add("create", path, &Value::Null, after),
            (Some(before), None) => self.add("delete", path, before, &Value::Null),
            (Some(before @ Value::Null), Some(after)) | (Some(before), Some(after @ Value::Null)) => {
                self.add("update", path, before, after);
            }
            (Some(before), Some(after)) => return self.compare(path, before, after),
        }
        Ok(())
    }

    fn compare(&mut self, path: &mut Vec<Text>, before: &Value, after: &Value) -> Result<(), String> {
        (self.step)()?;
        let same = match kinds(before, after)? {
            Kind::List => return self.lists(path, &items(before), &items(after)),
            Kind::Map => return self.maps(path, before, after),
            Kind::Text => before.verbose() == after.verbose(),
            Kind::Time => match (before, after) {
                (Value::Timestamp(before), Value::Timestamp(after)) => before.nanos() == after.nanos(),
                _ => false,
            },
            Kind::Bool | Kind::Int | Kind::Uint | Kind::Float => before == after,
        };
        if !same {
            self.add("update", path, before, after);
        }
        Ok(())
    }

    fn maps(&mut self, path: &mut Vec<Text>, before: &Value, after: &Value) -> Result<(), String> {
        let (Value::Object(before), Value::Object(after)) = (before, after) else { return Ok(()) };
        let new = after.iter().filter(|(key, _)| !before.contains_key(key));
        for (key, _) in before.iter().chain(new) {
            path.push(key.clone());
            self.place(path, before.get(key), after.get(key))?;
            path.pop();
        }
        Ok(())
    }

    /// Elements that are somewhere in both are left alone; the others are compared place by place.
    fn lists(&mut self, path: &mut Vec<Text>, before: &[Value], after: &[Value]) -> Result<(), String> {
        let lost = self.unmatched(before, after)?;
        let new = self.unmatched(after, before)?;
        let rest: Vec<usize> = new.iter().copied().filter(|index| !lost.contains(index)).collect();
        for index in lost.iter().chain(&rest) {
            let pick = |from: &[usize], items: &[Value]| {
                from.binary_search(index).ok().and_then(|_| items.get(*index).cloned())
            };
            let (before, after) = (pick(&lost, before), pick(&new, after));
            path.push(Text::from(index.to_string()));
            self.place(path, before.as_ref(), after.as_ref())?;
            path.pop();
        }
        Ok(())
    }

    /// The places of elements that have no equal of their own in another list.
    fn unmatched(&self, items: &[Value], other: &[Value]) -> Result<Vec<usize>, String> {
        let mut taken = vec![false; other.len()];
        let mut lone = Vec::new();
        'items: for (index, item) in items.iter().enumerate() {
            for (taken, candidate) in taken.iter_mut().zip(other) {
                if !*taken && self.equal(candidate, item)? {
                    *taken = true;
                    continue 'items;
                }
            }
            lone.push(index);
        }
        Ok(lone)
    }

    /// That nothing leads from one value to the other. Values that cannot be compared differ.
    fn equal(&self, left: &Value, right: &Value) -> Result<bool, String> {
        (self.step)()?;
        let mut inner = Finder { changes: Vec::new(), step: self.step };
        let compared = inner.place(&mut Vec::new(), Some(left), Some(right));
        // What went wrong may have been the count of steps, which then goes wrong again.
        (self.step)()?;
        Ok(compared.is_ok() && inner.changes.is_empty())
    }
}

fn items(value: &Value) -> Vec<Value> {
    match value {
        Value::Array(items) => items.to_vec(),
        Value::Bytes(bytes) => bytes.iter().map(|byte| Value::Uint(u64::from(*byte))).collect(),
        _ => Vec::new(),
    }
}

/// What both values are kept as. A number of a document is text.
fn kinds(before: &Value, after: &Value) -> Result<Kind, String> {
    let kind = |value: &Value| match value {
        Value::String(_) | Value::Number(_) => Ok(Kind::Text),
        Value::Bool(_) => Ok(Kind::Bool),
        Value::Int(_) => Ok(Kind::Int),
        Value::Uint(_) => Ok(Kind::Uint),
        Value::Float(_) => Ok(Kind::Float),
        Value::Timestamp(_) => Ok(Kind::Time),
        Value::Array(_) | Value::Bytes(_) => Ok(Kind::List),
        Value::Object(_) => Ok(Kind::Map),
        Value::Null | Value::Delete | Value::Nothing => Err("unsupported type: ptr".to_owned()),
    };
    let (before, after) = (kind(before)?, kind(after)?);
    if before == after { Ok(before) } else { Err(message("types do not match")) }
}
