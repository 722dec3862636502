use std::borrow::Cow;

use crate::eval::Call;
use crate::failure::Failure;
use crate::spec::{Evaluated, Example, FunctionSpec, ParamKind, ParamSpec};
use crate::value::{Object, Value};

pub(super) const SPEC: FunctionSpec = FunctionSpec::method(
    "merge",
    "Object & Array Manipulation",
    "Two objects as one, or an array with a value or the elements of an array at its end. Where both objects have a key, objects are merged and everything else becomes an array of both.",
    body,
)
.params(&[ParamSpec::new("with", ParamKind::Any)])
.examples(&[Example::new("", r#"root = this.a.merge(this.b)"#, &[(r#"{"a":{"x":1,"y":2},"b":{"y":3,"z":4}}"#, r#"{"x":1,"y":[2,3],"z":4}"#), (r#"{"a":[1],"b":2}"#, r#"[1,2]"#)]),]);

fn body(call: &Call<'_>, target: Cow<'_, Value>) -> Evaluated {
    let with = call.value(0)?.into_owned().without_nil();
    combine(target.into_owned(), &with, collect)
}

/// Joins arrays, or objects key by key; `collide` decides between two values that are not both objects.
pub(super) fn combine(target: Value, with: &Value, collide: fn(&Value, &Value) -> Value) -> Evaluated {
    match (target, with) {
        (Value::Array(mut items), Value::Array(more)) => {
            more.iter().for_each(|item| items.push(item.clone()));
            Ok(Value::Array(items))
        }
        (Value::Array(mut items), other) => {
            items.push(other.clone());
            Ok(Value::Array(items))
        }
        (Value::Object(object), Value::Object(more)) => Ok(Value::Object(objects(object, more, collide))),
        // What is no object has nothing to add.
        (object @ Value::Object(_), _) => Ok(object),
        (other, _) => Err(Failure::expected("object or array", &other)),
    }
}

fn objects(mut target: Object, with: &Object, collide: fn(&Value, &Value) -> Value) -> Object {
    for (key, value) in with.iter() {
        let merged = match (target.get(key), value) {
            (None, value) => value.clone(),
            (Some(Value::Object(old)), Value::Object(new)) => {
                Value::Object(objects(old.clone(), new, collide))
            }
            (Some(old), new) => collide(old, new),
        };
        target.insert(key.clone(), merged);
    }
    target
}

/// Both values in one array, to which arrays give their elements.
pub(super) fn collect(old: &Value, new: &Value) -> Value {
    let mut both = Vec::new();
    for value in [old, new] {
        match value {
            Value::Array(items) => both.extend_from_slice(items),
            other => both.push(other.clone()),
        }
    }
    Value::from(both)
}
