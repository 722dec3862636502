use std::borrow::Cow;

use crate::eval::Call;
use crate::failure::Failure;
use crate::spec::{Evaluated, Example, FunctionSpec, ParamKind, ParamSpec};
use crate::value::Value;

pub(super) const SPEC: FunctionSpec = FunctionSpec::method(
    "bool",
    "Type Coercion",
    "The value as a bool: numbers are true unless zero, text is read; `default` stands in when it is none.",
    body,
)
.params(&[ParamSpec::new("default", ParamKind::Bool).optional()])
.examples(&[Example::new(
    "",
    r#"root = [this.a.bool(), this.b.bool(false), 5.bool()]"#,
    &[(r#"{"a":"T","b":"x"}"#, r#"[true,false,true]"#)],
)]);

fn body(call: &Call<'_>, target: Cow<'_, Value>) -> Evaluated {
    if let Some(value) = target.to_bool() {
        return Ok(Value::Bool(value));
    }
    match call.optional_boolean(0)? {
        Some(default) => Ok(Value::Bool(default)),
        None => Err(Failure::expected("bool", &target)),
    }
}
