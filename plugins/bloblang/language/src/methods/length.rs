use std::borrow::Cow;

use crate::eval::Call;
use crate::failure::Failure;
use crate::spec::{Evaluated, Example, FunctionSpec};
use crate::value::Value;

pub(super) const SPEC: FunctionSpec = FunctionSpec::method(
    "length",
    "String Manipulation / Object & Array Manipulation",
    "The length of text in bytes, or the number of elements of an array or object.",
    body,
)
.examples(&[Example::new(
    "",
    r#"root = this.map_each(this.length())"#,
    &[("[\"h\u{e9}\",[1],{}]", "[3,1,0]")],
)]);

fn body(_: &Call<'_>, target: Cow<'_, Value>) -> Evaluated {
    Ok(Value::from(match target.as_ref() {
        Value::String(text) => text.raw().len(),
        Value::Bytes(bytes) => bytes.len(),
        Value::Array(items) => items.len(),
        Value::Object(object) => object.len(),
        other => return Err(Failure::expected("string, array or object", other)),
    }))
}
