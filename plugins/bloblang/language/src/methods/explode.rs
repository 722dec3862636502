use std::borrow::Cow;

use super::expect;
use super::select;
use crate::eval::Call;
use crate::failure::Failure;
use crate::spec::{Evaluated, Example, FunctionSpec, ParamKind, ParamSpec};
use crate::value::{Object, Text, Value};

pub(super) const SPEC: FunctionSpec = FunctionSpec::method(
    "explode",
    "Object & Array Manipulation",
    "The object once for each element of the array, or value of the object, at a path, which the element then takes the place of.",
    body,
)
.params(&[ParamSpec::new("path", ParamKind::Path)])
.examples(&[Example::new("", r#"root = this.explode("v")"#, &[(r#"{"id":1,"v":["a","b"]}"#, r#"[{"id":1,"v":"a"},{"id":1,"v":"b"}]"#), (r#"{"id":1,"v":{"x":2}}"#, r#"{"x":{"id":1,"v":2}}"#)]),]);

fn body(call: &Call<'_>, target: Cow<'_, Value>) -> Evaluated {
    let path = expect::keyed(call.path(0)?);
    let object = expect::object(&target)?;
    let found = path.find(&target);
    let steps: Vec<Text> = path.0.iter().map(|segment| segment.key.clone()).collect();
    let without = Value::Object(select::rest(object, &[&steps]));
    let exploded = |part: &Value| {
        let mut whole = without.clone();
        // Where the path leads through an array, what is there stays.
        let _ = path.assign(&mut whole, part.clone());
        whole
    };
    match found.as_deref() {
        Some(Value::Array(items)) => Ok(Value::from(items.iter().map(exploded).collect::<Vec<_>>())),
        Some(Value::Object(object)) => {
            let parts = object.iter().map(|(key, part)| (key.clone(), exploded(part)));
            Ok(Value::Object(Object::from(parts.collect::<Vec<_>>())))
        }
        other => {
            let kind = other.map_or("null", Value::kind);
            Err(Failure::new(format!("expected array or object value at path '{path}', found: {kind}")))
        }
    }
}
