use std::borrow::Cow;

use super::merge::combine;
use crate::eval::Call;
use crate::spec::{Evaluated, Example, FunctionSpec, ParamKind, ParamSpec};
use crate::value::Value;

pub(super) const SPEC: FunctionSpec = FunctionSpec::method(
    "assign",
    "Object & Array Manipulation",
    "Two objects as one, or an array with a value or the elements of an array at its end. Where both objects have a key, objects are merged and otherwise the second value stays.",
    body,
)
.params(&[ParamSpec::new("with", ParamKind::Any)])
.examples(&[Example::new("", r#"root = this.a.assign(this.b)"#, &[(r#"{"a":{"x":1,"y":2},"b":{"y":3,"z":4}}"#, r#"{"x":1,"y":3,"z":4}"#)]),]);

fn body(call: &Call<'_>, target: Cow<'_, Value>) -> Evaluated {
    let with = call.value(0)?.into_owned().without_nil();
    combine(target.into_owned(), &with, |_, new| new.clone())
}
