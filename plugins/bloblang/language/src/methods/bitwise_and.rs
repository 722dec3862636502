use std::borrow::Cow;

use super::expect;
use crate::eval::Call;
use crate::spec::{Evaluated, Example, FunctionSpec, ParamKind, ParamSpec};
use crate::value::Value;

pub(super) const SPEC: FunctionSpec = FunctionSpec::method(
    "bitwise_and",
    "Number Manipulation",
    "The bits of the integer and of another one, joined by AND. This is Redpanda's, not Bento's.",
    body,
)
.params(&[ParamSpec::new("value", ParamKind::Integer)])
.examples(&[Example::new("", "root = this.value.bitwise_and(6)", &[(r#"{"value":12}"#, "4")])]);

fn body(call: &Call<'_>, target: Cow<'_, Value>) -> Evaluated {
    Ok(Value::Int(expect::integer(&target)? & call.integer(0)?))
}
