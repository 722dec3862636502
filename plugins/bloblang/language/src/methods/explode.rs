use std::borrow::Cow;

use super::expect;
use crate::eval::Call;
use crate::failure::Failure;
use crate::spec::{Evaluated, Example, FunctionSpec, ParamKind, ParamSpec};
use crate::value::{Object, Value};

pub(super) const SPEC: FunctionSpec = FunctionSpec::method("explode", "Object & Array Manipulation", "The object once for each element of the array, or value of the object, at a path, which the element then takes the place of.", body)
.params(&[ParamSpec::new("path", ParamKind::Path)])
.examples(&[Example::new("", r#"root = this.explode("v")"#, &[(r#"{"id":1,"v":["a","b"]}"#, r#"[{"id":1,"v":"a"},{"id":1,"v":"b"}]"#), (r#"{"id":1,"v":{"x":2}}"#, r#"{"x":{"id":1,"v":2}}"#)])]);

fn body(call: &Call<'_>, target: Cow<'_, Value>) -> Evaluated {
    let path = call.path(0)?;
    expect::object(&target)?;
    let exploded = |part: &Value| {
        let mut whole = target.clone().into_owned();
        path.assign(&mut whole, part.clone()).map(|()| whole)
    };
    let refused = |_| Failure::new(format!("cannot replace the value at path '{path}'"));
    let found = path.find(&target);
    match found.as_deref() {
        Some(Value::Array(items)) => {
            let parts: Result<Vec<_>, _> = items.iter().map(exploded).collect();
            parts.map(Value::from).map_err(refused)
        }
        Some(Value::Object(object)) => {
            let parts = object.iter().map(|(key, part)| Ok((key.clone(), exploded(part)?)));
            let parts: Result<Vec<_>, _> = parts.collect();
            parts.map(|parts| Value::Object(Object::from(parts))).map_err(refused)
        }
        other => {
            let kind = other.map_or("null", Value::kind);
            Err(Failure::new(format!("expected array or object value at path '{path}', found: {kind}")))
        }
    }
}
