use std::borrow::Cow;

use crate::eval::Call;
use crate::spec::{Evaluated, Example, FunctionSpec, ParamKind, ParamSpec, Status};
use crate::value::Value;

pub(super) const SPEC: FunctionSpec = FunctionSpec::method(
    "map",
    "Hidden",
    "The result of a query with `this` as the value; the same as `.(query)`.",
    body,
)
.unnamed()
.status(Status::Hidden)
.params(&[ParamSpec::new("query", ParamKind::Query)])
.examples(&[Example::new("", r#"root = this.foo.map(this.bar)"#, &[(r#"{"foo":{"bar":1}}"#, r#"1"#)])]);

fn body(call: &Call<'_>, target: Cow<'_, Value>) -> Evaluated {
    call.with(0, &target)
}
