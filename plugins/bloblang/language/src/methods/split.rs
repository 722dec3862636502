use std::borrow::Cow;

use super::memory;
use crate::eval::Call;
use crate::failure::Failure;
use crate::spec::{Evaluated, Example, FunctionSpec, ParamKind, ParamSpec};
use crate::value::Value;

pub(super) const SPEC: FunctionSpec = FunctionSpec::method(
    "split",
    "Object & Array Manipulation / String Manipulation",
    "The parts of text, bytes or an array between the places where the delimiter stands.",
    body,
)
.params(&[ParamSpec::new("delimiter", ParamKind::Any)])
.examples(&[
    Example::new("", r#"root = this.split(",")"#, &[(r#""a,,b""#, r#"["a","","b"]"#)]),
    Example::new("", r#"root = this.split(0)"#, &[(r#"[1,0,2]"#, r#"[[1],[2]]"#)]),
]);

fn body(call: &Call<'_>, target: Cow<'_, Value>) -> Evaluated {
    let delimiter = call.value(0)?;
    match (target.as_ref(), delimiter.as_ref()) {
        (Value::String(text), Value::String(delimiter)) => {
            let parts: Vec<_> = if delimiter.is_empty() {
                text.chars().map(|character| Value::from(character.to_string())).collect()
            } else {
                text.split(delimiter.as_str()).map(|part| Value::String(text.piece(part))).collect()
            };
            Ok(Value::from(parts))
        }
        (Value::Bytes(bytes), Value::String(delimiter)) => {
            let parts = memory::split(bytes, delimiter.as_bytes());
            Ok(Value::from(parts.into_iter().map(Value::bytes).collect::<Vec<_>>()))
        }
        (Value::String(_) | Value::Bytes(_), other) => Err(Failure::new(format!(
            "delimiter type: {} must match type of list elements: {}",
            other.go_type(),
            target.go_type()
        ))),
        (Value::Array(items), delimiter) => {
            let pieces = items.split(|item| delimiter.alike(item)).map(|piece| Value::from(piece.to_vec()));
            Ok(Value::from(pieces.collect::<Vec<_>>()))
        }
        (other, _) => Err(Failure::expected("string, array or bytes", other)),
    }
}
