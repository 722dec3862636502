use std::borrow::Cow;

use super::expect;
use crate::eval::Call;
use crate::spec::{Evaluated, Example, FunctionSpec};
use crate::text::letters;
use crate::value::Value;

pub(super) const SPEC: FunctionSpec = FunctionSpec::method(
    "lowercase",
    "String Manipulation",
    "The text with every letter in lower case.",
    body,
)
.examples(&[Example::new("", r#"root.a = this.a.lowercase()"#, &[(r#"{"a":"HELLO"}"#, r#"{"a":"hello"}"#)])]);

fn body(_: &Call<'_>, target: Cow<'_, Value>) -> Evaluated {
    Ok(match target.as_ref() {
        Value::Bytes(bytes) => Value::bytes(letters::mapped(bytes, letters::lower).as_bytes()),
        Value::String(text) => Value::from(letters::lowercase(text)),
        other => Value::from(letters::lowercase(&expect::text(other)?)),
    })
}
