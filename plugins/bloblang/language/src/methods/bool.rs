use std::borrow::Cow;

use crate::eval::Call;
use crate::failure::Failure;
use crate::spec::{Evaluated, Example, FunctionSpec, ParamKind, ParamSpec};
use crate::value::Value;

pub(super) const SPEC: FunctionSpec = FunctionSpec::rescue(
    "bool",
    "The value as a bool: numbers are true unless zero, text is read; `default` stands in when it is none, and when there is no value because of an error.",
    body,
)
.category("Type Coercion")
.params(&[ParamSpec::new("default", ParamKind::Bool).optional()])
.examples(&[Example::new("", r#"root = [this.a.bool(), this.b.bool(false), 5.bool()]"#, &[(r#"{"a":"T","b":"x"}"#, r#"[true,false,true]"#)]),]);

fn body(call: &Call<'_>, target: Result<Cow<'_, Value>, Failure>) -> Evaluated {
    match target.and_then(|target| target.to_bool().ok_or_else(|| Failure::expected("bool", &target))) {
        Ok(value) => Ok(Value::Bool(value)),
        Err(failure) => call.optional_boolean(0)?.map(Value::Bool).ok_or(failure),
    }
}
