use std::borrow::Cow;

use crate::eval::Call;
use crate::failure::Failure;
use crate::spec::{Evaluated, Example, FunctionSpec};
use crate::value::Value;

pub(super) const SPEC: FunctionSpec = FunctionSpec::method(
    "not_empty",
    "Type Coercion",
    "The text, array or object, unless it is empty: then an error.",
    body,
)
.examples(&[Example::new(
    "",
    r#"root.a = this.a.not_empty()"#,
    &[
        (r#"{"a":"x"}"#, r#"{"a":"x"}"#),
        (r#"{"a":[]}"#, r#"Error("failed assignment (line 1): field `this.a`: array value is empty")"#),
    ],
)]);

fn body(_: &Call<'_>, target: Cow<'_, Value>) -> Evaluated {
    let empty = match target.as_ref() {
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(object) => object.is_empty(),
        other => return Err(Failure::expected("string, array or object", other)),
    };
    if empty {
        return Err(Failure::new(format!("{} value is empty", target.kind())));
    }
    Ok(target.into_owned())
}
