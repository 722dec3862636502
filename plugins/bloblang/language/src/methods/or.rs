use std::borrow::Cow;

use crate::eval::Call;
use crate::failure::Failure;
use crate::spec::{Evaluated, Example, FunctionSpec, ParamKind, ParamSpec};
use crate::value::Value;

pub(super) const SPEC: FunctionSpec = FunctionSpec::rescue(
    "or",
    "The value, or a fallback when it failed or is null, deleted or nothing.",
    body,
)
.params(&[ParamSpec::new("fallback", ParamKind::Query)])
.examples(&[Example::new("", "root = this.id.or(5)", &[(r#"{"id":1}"#, "1"), ("{}", "5")])]);

fn body(call: &Call<'_>, target: Result<Cow<'_, Value>, Failure>) -> Evaluated {
    match target {
        Ok(value) if !value.is_absent() => Ok(value.into_owned()),
        _ => call.query(0).map_err(Failure::passed),
    }
}
