use std::borrow::Cow;

use crate::eval::Call;
use crate::failure::Failure;
use crate::spec::{Evaluated, Example, FunctionSpec, ParamKind, ParamSpec, Status};
use crate::value::{Text, Value};

pub(super) const SPEC: FunctionSpec = FunctionSpec::method(
    "split_by",
    "Object & Array Manipulation / String Manipulation",
    "The parts of text, bytes or an array between the characters, bytes or elements for which a query is true.",
    body,
)
.status(Status::Experimental)
.params(&[ParamSpec::new("predicate", ParamKind::Query)])
.examples(&[
    Example::new(
        "",
        r#"root = this.split_by(c -> c == "," || c == ".")"#,
        &[(r#""foo,bar.baz""#, r#"["foo","bar","baz"]"#)],
    ),
    Example::new("", "root = this.split_by(x -> x > 50)", &[("[1,2,100,3,200]", "[[1,2],[3],[]]")]),
]);

fn body(call: &Call<'_>, target: Cow<'_, Value>) -> Evaluated {
    match target.as_ref() {
        Value::String(text) => split_text(call, text),
        Value::Bytes(bytes) => split_bytes(call, bytes),
        Value::Array(items) => split_array(call, items),
        other => Err(Failure::expected("string, array or bytes", other)),
    }
}

/// Whether the query is true for an element. Anything that is no bool counts as false.
fn splits(call: &Call<'_>, element: &Value, place: impl FnOnce() -> String) -> Result<bool, Failure> {
    match call.with(0, element) {
        Ok(value) => Ok(matches!(value, Value::Bool(true))),
        Err(failure) => Err(failure.within(format_args!("predicate returned an error for {}", place()))),
    }
}

fn split_text(call: &Call<'_>, text: &Text) -> Evaluated {
    let mut parts = Vec::new();
    let mut start = 0;
    for (position, (at, character)) in text.char_indices().enumerate() {
        let end = at + character.len_utf8();
        let element = Value::String(text.slice(at, end));
        if splits(call, &element, || format!("character at position {position}"))? {
            parts.push(Value::String(text.slice(start, at)));
            start = end;
        }
    }
    parts.push(Value::String(text.slice(start, text.len())));
    Ok(Value::from(parts))
}

fn split_bytes(call: &Call<'_>, bytes: &[u8]) -> Evaluated {
    let mut parts = Vec::new();
    let mut start = 0;
    for (at, byte) in bytes.iter().enumerate() {
        if splits(call, &Value::Int(i64::from(*byte)), || format!("byte at position {at}"))? {
            parts.push(Value::bytes(bytes.get(start..at).unwrap_or_default()));
            start = at + 1;
        }
    }
    parts.push(Value::bytes(bytes.get(start..).unwrap_or_default()));
    Ok(Value::from(parts))
}

fn split_array(call: &Call<'_>, items: &[Value]) -> Evaluated {
    let mut parts = Vec::new();
    let mut current = Vec::new();
    for (at, item) in items.iter().enumerate() {
        if !splits(call, item, || format!("index {at}"))? {
            current.push(item.clone());
        } else {
            parts.push(Value::from(std::mem::take(&mut current)));
        }
    }
    parts.push(Value::from(current));
    Ok(Value::from(parts))
}
