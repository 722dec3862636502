use std::borrow::Cow;

use crate::eval::Call;
use crate::failure::Failure;
use crate::spec::{Evaluated, Example, FunctionSpec, ParamKind, ParamSpec};
use crate::value::Value;

pub(super) const SPEC: FunctionSpec = FunctionSpec::method(
    "set",
    "Object & Array Manipulation",
    "The object or array with a value put at a path; `deleted()` takes it away.",
    body,
)
.params(&[ParamSpec::new("path", ParamKind::Path), ParamSpec::new("value", ParamKind::Any)])
.examples(&[
    Example::new("", r#"root = this.set("a.b", 1)"#, &[(r#"{"c":2}"#, r#"{"a":{"b":1},"c":2}"#)]),
    Example::new("", r#"root = this.set("c", deleted())"#, &[(r#"{"c":2}"#, r#"{}"#)]),
]);

fn body(call: &Call<'_>, target: Cow<'_, Value>) -> Evaluated {
    let path = call.path(0)?;
    let mut changed = target.into_owned();
    match call.value(1)?.into_owned() {
        Value::Nothing => {}
        Value::Delete => path.remove(&mut changed),
        value => path.assign(&mut changed, value).map_err(|error| Failure::new(error.to_string()))?,
    }
    Ok(changed)
}
