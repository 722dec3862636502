use std::borrow::Cow;

use crate::eval::Call;
use crate::spec::{Evaluated, Example, FunctionSpec, ParamKind, ParamSpec, Status};
use crate::value::Value;

pub(super) const SPEC: FunctionSpec = FunctionSpec::method(
    "replace",
    "Hidden",
    "The text with every `old` replaced by `new`. An older name of `replace_all`.",
    body,
)
.status(Status::Hidden)
.params(&[ParamSpec::new("old", ParamKind::Text), ParamSpec::new("new", ParamKind::Text)])
.examples(&[Example::new(
    "",
    r#"root = this.replace("foo", "dog")"#,
    &[(r#""the foo ate""#, r#"the dog ate"#)],
)]);

fn body(call: &Call<'_>, target: Cow<'_, Value>) -> Evaluated {
    super::replace_all::body(call, target)
}
