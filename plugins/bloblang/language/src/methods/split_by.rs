use std::borrow::Cow;

use crate::eval::Call;
use crate::failure::Failure;
use crate::spec::{Evaluated, Example, FunctionSpec, ParamKind, ParamSpec, Status};
use crate::value::Value;

pub(super) const SPEC: FunctionSpec = FunctionSpec::method(
    "split_by",
    "Object & Array Manipulation / String Manipulation",
    "The pieces of an array, or of text character by character, between the elements for which a query is true.",
    body,
)
.status(Status::Experimental)
.params(&[ParamSpec::new("predicate", ParamKind::Query)])
.examples(&[Example::new("", r#"root = this.split_by(v -> v == "-")"#, &[(r#"["a","-","b"]"#, r#"[["a"],["b"]]"#), (r#""a-b-""#, r#"["a","b",""]"#)]),]);

fn body(call: &Call<'_>, target: Cow<'_, Value>) -> Evaluated {
    let cuts = |index: usize, value: &Value, what: &str| {
        let result = call.with(0, value);
        let result = result.map_err(|failure| {
            failure.within(format_args!("predicate returned an error for {what} {index}"))
        })?;
        Ok(result == Value::Bool(true))
    };
    match target.as_ref() {
        Value::String(text) => {
            let mut pieces = Vec::new();
            let mut start = 0;
            for (index, (at, character)) in text.char_indices().enumerate() {
                let end = at + character.len_utf8();
                if cuts(index, &Value::String(text.slice(at, end)), "character at position")? {
                    pieces.push(Value::String(text.slice(start, at)));
                    start = end;
                }
            }
            pieces.push(Value::String(text.slice(start, text.len())));
            Ok(Value::from(pieces))
        }
        Value::Bytes(bytes) => {
            let mut pieces = Vec::new();
            let mut start = 0;
            for (index, byte) in bytes.iter().enumerate() {
                if cuts(index, &Value::Int(i64::from(*byte)), "byte at position")? {
                    pieces.push(Value::bytes(bytes.get(start..index).unwrap_or_default()));
                    start = index + 1;
                }
            }
            pieces.push(Value::bytes(bytes.get(start..).unwrap_or_default()));
            Ok(Value::from(pieces))
        }
        Value::Array(items) => {
            let (mut pieces, mut piece) = (Vec::new(), Vec::new());
            for (index, item) in items.iter().enumerate() {
                if cuts(index, item, "index")? {
                    pieces.push(Value::from(std::mem::take(&mut piece)));
                } else {
                    piece.push(item.clone());
                }
            }
            pieces.push(Value::from(piece));
            Ok(Value::from(pieces))
        }
        other => Err(Failure::expected("string, array or bytes", other)),
    }
}
