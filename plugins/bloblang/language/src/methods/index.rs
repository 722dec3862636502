use std::borrow::Cow;

use crate::eval::Call;
use crate::failure::Failure;
use crate::spec::{Evaluated, Example, FunctionSpec, ParamKind, ParamSpec};
use crate::value::Value;

pub(super) const SPEC: FunctionSpec = FunctionSpec::method(
    "index",
    "Object & Array Manipulation",
    "The element of an array, or byte of bytes, at an index; negative ones count from the end.",
    body,
)
.params(&[ParamSpec::new("index", ParamKind::Integer)])
.examples(&[Example::new("", r#"root = this.index(-1)"#, &[(r#"[1,2]"#, r#"2"#)])]);

fn body(call: &Call<'_>, target: Cow<'_, Value>) -> Evaluated {
    let index = call.integer(0)?;
    let length = match target.as_ref() {
        Value::Array(items) => items.len(),
        Value::Bytes(bytes) => bytes.len(),
        other => return Err(Failure::expected("array", other)),
    };
    let signed = i64::try_from(length).unwrap_or(i64::MAX);
    let position = if index < 0 { index.saturating_add(signed) } else { index };
    let found = usize::try_from(position).ok().and_then(|at| match target.as_ref() {
        Value::Array(items) => items.get(at).cloned(),
        other => other.as_bytes()?.get(at).map(|byte| Value::Int(i64::from(*byte))),
    });
    found
        .ok_or_else(|| Failure::new(format!("index '{position}' was out of bounds for array size: {length}")))
}
