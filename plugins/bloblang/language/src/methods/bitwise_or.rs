use std::borrow::Cow;

use super::expect;
use crate::eval::Call;
use crate::spec::{Evaluated, Example, FunctionSpec, ParamKind, ParamSpec};
use crate::value::Value;

pub(super) const SPEC: FunctionSpec = FunctionSpec::method(
    "bitwise_or",
    "Number Manipulation",
    "The bits of the integer and of another one, joined by OR. This is Redpanda's, not Bento's.",
    body,
)
.params(&[ParamSpec::new("value", ParamKind::Integer)])
.examples(&[Example::new("", "root = this.value.bitwise_or(6)", &[(r#"{"value":12}"#, "14")])]);

fn body(call: &Call<'_>, target: Cow<'_, Value>) -> Evaluated {
    Ok(Value::Int(expect::integer(&target)? | call.integer(0)?))
}
