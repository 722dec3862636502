use std::borrow::Cow;

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
    Example::new("", r#"root = this.split(0)"#, &[("[1,0,2]", "[[1],[2]]")]),
]);

fn body(call: &Call<'_>, target: Cow<'_, Value>) -> Evaluated {
    let delimiter = call.value(0)?;
    match target.as_ref() {
        Value::String(text) => {
            let Value::String(delimiter) = delimiter.as_ref() else {
                return Err(mismatch(&delimiter, "string"));
            };
            let parts: Vec<_> = if delimiter.is_empty() {
                text.chars().map(|character| Value::from(character.to_string())).collect()
            } else {
                text.split(delimiter.as_str()).map(|part| Value::String(text.piece(part))).collect()
            };
            Ok(Value::from(parts))
        }
        Value::Bytes(bytes) => match delimiter.as_bytes() {
            Some(delimiter) => Ok(split_bytes(bytes, delimiter)),
            None => Err(mismatch(&delimiter, "[]uint8")),
        },
        Value::Array(items) => {
            let parts = items.split(|item| delimiter.alike(item));
            Ok(Value::from(parts.map(|part| Value::from(part.to_vec())).collect::<Vec<_>>()))
        }
        other => Err(Failure::expected("string, array or bytes", other)),
    }
}

fn mismatch(delimiter: &Value, elements: &str) -> Failure {
    Failure::new(format!(
        "delimiter type: {} must match type of list elements: {elements}",
        delimiter.go_type()
    ))
}

fn split_bytes(bytes: &[u8], delimiter: &[u8]) -> Value {
    if delimiter.is_empty() {
        return Value::from(characters(bytes).map(Value::bytes).collect::<Vec<_>>());
    }
    let mut parts = Vec::new();
    let mut rest = bytes;
    while let Some(at) = rest.windows(delimiter.len()).position(|window| window == delimiter) {
        let (part, after) = rest.split_at(at);
        parts.push(Value::bytes(part));
        rest = after.get(delimiter.len()..).unwrap_or_default();
    }
    parts.push(Value::bytes(rest));
    Value::from(parts)
}

/// The characters of bytes; what is no character is single bytes.
fn characters(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    bytes.utf8_chunks().flat_map(|chunk| {
        let valid = chunk.valid();
        let pieces =
            valid.char_indices().map(|(at, character)| &valid.as_bytes()[at..at + character.len_utf8()]);
        pieces.chain(chunk.invalid().chunks(1))
    })
}
