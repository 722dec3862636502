use std::borrow::Cow;

use super::{expect, place};
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
.unnamed()
.params(&[ParamSpec::new("path", ParamKind::Path), ParamSpec::new("value", ParamKind::Any)])
.examples(&[
    Example::new("", r#"root = this.set("a.b", 1)"#, &[(r#"{"c":2}"#, r#"{"a":{"b":1},"c":2}"#)]),
    Example::new("", r#"root = this.set("c", deleted())"#, &[(r#"{"c":2}"#, r#"{}"#)]),
]);

fn body(call: &Call<'_>, target: Cow<'_, Value>) -> Evaluated {
    let path = expect::keyed(call.path(0)?);
    let mut changed = target.into_owned();
    let done = match call.value(1)?.into_owned() {
        Value::Delete => place::take(&mut changed, &path),
        Value::Nothing => place::put(&mut changed, &path, Value::Null),
        value => place::put(&mut changed, &path, value),
    };
    done.map(|()| changed).map_err(Failure::new)
}
