use std::borrow::Cow;

use super::integers;
use crate::eval::Call;
use crate::spec::{Evaluated, Example, FunctionSpec};
use crate::value::Value;

pub(super) const SPEC: FunctionSpec = FunctionSpec::method(
    "int16",
    "Number Manipulation",
    "The value as a signed integer of 16 bits, read from text (also hexadecimal, octal or binary) if need be. Fractions, and numbers that do not fit, are errors.",
    body,
)
.unnamed()
.examples(&[Example::new("", r#"root = this.int16()"#, &[(r#"12"#, r#"12"#), (r#""0xDE""#, r#"222"#)]),]);

fn body(_: &Call<'_>, target: Cow<'_, Value>) -> Evaluated {
    integers::signed(&target, 16).map(Value::Int)
}
