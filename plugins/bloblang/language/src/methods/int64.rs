use std::borrow::Cow;

use crate::eval::Call;
use crate::failure::Failure;
use crate::spec::{Evaluated, Example, FunctionSpec};
use crate::value::Value;

pub(super) const SPEC: FunctionSpec = FunctionSpec::method(
    "int64",
    "Number Manipulation",
    "The value as a signed integer of 64 bits, read from text (also hexadecimal) if need be.",
    body,
)
.examples(&[Example::new("", r#"root = this.int64()"#, &[(r#"12"#, r#"12"#), (r#""0xFF""#, r#"255"#)])]);

fn body(_: &Call<'_>, target: Cow<'_, Value>) -> Evaluated {
    target.to_integer().map(Value::Int).map_err(|error| match error {
        Some(reason) => Failure::new(reason),
        None => Failure::expected("number", &target),
    })
}
