use std::borrow::Cow;

use super::integers;
use crate::eval::Call;
use crate::spec::{Evaluated, Example, FunctionSpec};
use crate::value::Value;

pub(super) const SPEC: FunctionSpec = FunctionSpec::method(
    "int32",
    "Number Manipulation",
    "The value as a signed integer of 32 bits, read from text (also hexadecimal, octal or binary) if need be. Fractions, and numbers that do not fit, are errors.",
    body,
)
.unnamed()
.examples(&[Example::new("", r#"root = this.int32()"#, &[(r#"12"#, r#"12"#), (r#""0xDEAD""#, r#"57005"#)]),]);

fn body(_: &Call<'_>, target: Cow<'_, Value>) -> Evaluated {
    integers::signed(&target, 32).map(Value::Int)
}
