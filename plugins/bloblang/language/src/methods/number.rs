use std::borrow::Cow;

use crate::eval::Call;
use crate::failure::Failure;
use crate::spec::{Evaluated, Example, FunctionSpec, ParamKind, ParamSpec};
use crate::value::Value;

pub(super) const SPEC: FunctionSpec = FunctionSpec::method(
    "number",
    "Type Coercion",
    "The value as a number, read from text if need be; `default` stands in when it is none.",
    body,
)
.params(&[ParamSpec::new("default", ParamKind::Float).optional()])
.examples(&[Example::new(
    "",
    r#"root = [this.a.number() + 10, this.b.number(5) * 10]"#,
    &[(r#"{"a":"3","b":"x"}"#, r#"[13,50]"#)],
)]);

fn body(call: &Call<'_>, target: Cow<'_, Value>) -> Evaluated {
    if let Some(number) = target.to_number() {
        return Ok(number.into());
    }
    match call.optional_float(0)? {
        Some(default) => Ok(Value::Float(default)),
        None => Err(Failure::expected("number", &target)),
    }
}
