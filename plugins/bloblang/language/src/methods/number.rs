use std::borrow::Cow;

use super::integers;
use crate::eval::Call;
use crate::failure::Failure;
use crate::spec::{Evaluated, Example, FunctionSpec, ParamKind, ParamSpec};
use crate::value::Value;

pub(super) const SPEC: FunctionSpec = FunctionSpec::rescue(
    "number",
    "The value as a number, read from text if need be; `default` stands in when it is none, and when there is no value because of an error.",
    body,
)
.category("Type Coercion")
.params(&[ParamSpec::new("default", ParamKind::Float).optional()])
.examples(&[Example::new("", r#"root = [this.a.number() + 10, this.b.number(5) * 10]"#, &[(r#"{"a":"3","b":"x"}"#, r#"[13,50]"#)]),]);

fn body(call: &Call<'_>, target: Result<Cow<'_, Value>, Failure>) -> Evaluated {
    match target.and_then(|target| integers::float(&target)) {
        Ok(number) => Ok(Value::Float(number)),
        Err(failure) => call.optional_float(0)?.map(Value::Float).ok_or(failure),
    }
}
