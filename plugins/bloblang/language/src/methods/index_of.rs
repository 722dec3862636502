use std::borrow::Cow;

use super::expect;
use crate::eval::Call;
use crate::spec::{Evaluated, Example, FunctionSpec, ParamKind, ParamSpec};
use crate::value::Value;

pub(super) const SPEC: FunctionSpec = FunctionSpec::method(
    "index_of",
    "String Manipulation",
    "Where the value first stands in the text, counted in bytes, or -1.",
    body,
)
.params(&[ParamSpec::new("value", ParamKind::Text)])
.examples(&[Example::new(
    "",
    r#"root = [this.index_of("bar"), this.index_of("x")]"#,
    &[(r#""foobar""#, r#"[3,-1]"#)],
)]);

fn body(call: &Call<'_>, target: Cow<'_, Value>) -> Evaluated {
    let value = call.text(0)?;
    let whole = expect::bytes(&target)?;
    if value.is_empty() {
        return Ok(Value::Int(0));
    }
    let found = whole.windows(value.len()).position(|window| window == value.as_bytes());
    Ok(found.map_or(Value::Int(-1), Value::from))
}
