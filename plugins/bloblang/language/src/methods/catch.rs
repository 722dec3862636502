use std::borrow::Cow;

use crate::eval::Call;
use crate::failure::Failure;
use crate::spec::{Evaluated, Example, FunctionSpec, ParamKind, ParamSpec};
use crate::value::Value;

pub(super) const SPEC: FunctionSpec = FunctionSpec::rescue(
    "catch",
    "The value, or when it failed a fallback, in which `this` is the text of the error.",
    body,
)
.params(&[ParamSpec::new("fallback", ParamKind::Query)])
.examples(&[
    Example::new("", r#"root = this.number().catch(0)"#, &[(r#""5""#, "5"), (r#""x""#, "0")]),
    Example::new("", r#"root = throw("oh").catch(err -> "caught " + err)"#, &[("{}", "caught oh")]),
]);

fn body(call: &Call<'_>, target: Result<Cow<'_, Value>, Failure>) -> Evaluated {
    match target {
        Ok(value) => Ok(value.into_owned()),
        Err(failure) => call.with(0, &Value::from(failure.to_string())),
    }
}
