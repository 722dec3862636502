use std::borrow::Cow;

use super::expect;
use crate::eval::Call;
use crate::spec::{Evaluated, Example, FunctionSpec, ParamKind, ParamSpec};
use crate::value::Value;

pub(super) const SPEC: FunctionSpec = FunctionSpec::method(
    "get",
    "Object & Array Manipulation",
    "The value at a path that may be computed, or null.",
    body,
)
.params(&[ParamSpec::new("path", ParamKind::Path)])
.examples(&[Example::new(
    "",
    r#"root = this.foo.get(this.key)"#,
    &[(r#"{"foo":{"a":1},"key":"a"}"#, r#"1"#)],
)]);

fn body(call: &Call<'_>, target: Cow<'_, Value>) -> Evaluated {
    Ok(expect::keyed(call.path(0)?).find(&target).map_or(Value::Null, Cow::into_owned))
}
