use std::borrow::Cow;

use super::memory;
use crate::eval::Call;
use crate::failure::Failure;
use crate::spec::{Evaluated, Example, FunctionSpec, ParamKind, ParamSpec};
use crate::value::Value;

pub(super) const SPEC: FunctionSpec = FunctionSpec::method(
    "contains",
    "Object & Array Manipulation / String Manipulation",
    "Whether an array or object has an element or value that equals the argument, or text has it in it.",
    body,
)
.params(&[ParamSpec::new("value", ParamKind::Any)])
.examples(&[
    Example::new(
        "",
        r#"root = this.contains("foo")"#,
        &[(r#"["this","foo"]"#, r#"true"#), (r#""this food""#, r#"true"#), (r#"{"a":"bar"}"#, r#"false"#)],
    ),
    Example::new("", r#"root = this.contains(20)"#, &[(r#"[10.3,20.0,"huh",3]"#, r#"true"#)]),
]);

fn body(call: &Call<'_>, target: Cow<'_, Value>) -> Evaluated {
    let wanted = call.value(0)?;
    match target.as_ref() {
        Value::Array(items) => Ok(Value::Bool(items.iter().any(|item| wanted.alike(item)))),
        Value::Object(object) => Ok(Value::Bool(object.iter().any(|(_, item)| wanted.alike(item)))),
        Value::String(_) | Value::Bytes(_) => {
            let mut part = Vec::new();
            wanted.write_text(&mut part);
            let whole = target.as_bytes().unwrap_or_default();
            Ok(Value::Bool(memory::contains(whole, &part)))
        }
        other => Err(Failure::expected("string, array or object", other)),
    }
}
