use std::borrow::Cow;

use crate::eval::Call;
use crate::spec::{Evaluated, Example, FunctionSpec};
use crate::value::Value;

pub(super) const SPEC: FunctionSpec = FunctionSpec::method(
    "string",
    "Type Coercion",
    "The value as text. Objects and arrays become compact JSON.",
    body,
)
.examples(&[Example::new(
    "",
    r#"root.a = this.string()"#,
    &[(r#"{"b":1}"#, r#"{"a":"{\"b\":1}"}"#), (r#"1.50"#, r#"{"a":"1.50"}"#)],
)]);

fn body(_: &Call<'_>, target: Cow<'_, Value>) -> Evaluated {
    Ok(Value::String(target.to_text()))
}
