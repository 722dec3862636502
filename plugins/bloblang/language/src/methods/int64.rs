use std::borrow::Cow;

use super::integers;
use crate::eval::Call;
use crate::spec::{Evaluated, Example, FunctionSpec};
use crate::value::Value;

pub(super) const SPEC: FunctionSpec = FunctionSpec::method(
    "int64",
    "Number Manipulation",
    "The value as a signed integer of 64 bits, read from text (also hexadecimal, octal or binary) if need be. Fractions, and numbers that do not fit, are errors.",
    body,
)
.unnamed()
.examples(&[Example::new("", r#"root = this.int64()"#, &[(r#"12"#, r#"12"#), (r#""0xDEADBEEF""#, r#"3735928559"#)]),]);

fn body(_: &Call<'_>, target: Cow<'_, Value>) -> Evaluated {
    integers::signed(&target, 64).map(Value::Int)
}
