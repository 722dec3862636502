use std::borrow::Cow;

use super::expect;
use crate::eval::Call;
use crate::spec::{Evaluated, Example, FunctionSpec};
use crate::text::letters;
use crate::value::Value;

pub(super) const SPEC: FunctionSpec = FunctionSpec::method(
    "uppercase",
    "String Manipulation",
    "The text with every letter in upper case.",
    body,
)
.examples(&[Example::new("", r#"root.a = this.a.uppercase()"#, &[(r#"{"a":"hello"}"#, r#"{"a":"HELLO"}"#)])]);

fn body(_: &Call<'_>, target: Cow<'_, Value>) -> Evaluated {
    Ok(match target.as_ref() {
        Value::Bytes(bytes) => Value::bytes(letters::mapped(bytes, letters::upper).as_bytes()),
        Value::String(text) => Value::from(letters::uppercase(text)),
        other => Value::from(letters::uppercase(&expect::text(other)?)),
    })
}
