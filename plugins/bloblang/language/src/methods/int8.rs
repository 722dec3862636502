use std::borrow::Cow;

use super::integers;
use crate::eval::Call;
use crate::spec::{Evaluated, Example, FunctionSpec};
use crate::value::Value;

pub(super) const SPEC: FunctionSpec = FunctionSpec::method(
    "int8",
    "Number Manipulation",
    "The value as a signed integer of 8 bits, read from text (also hexadecimal, octal or binary) if need be. Fractions, and numbers that do not fit, are errors.",
    body,
)
.unnamed()
.examples(&[Example::new("", r#"root = this.int8()"#, &[(r#"12"#, r#"12"#), (r#""0xD""#, r#"13"#)]),Example::new("", r#"root = this.int8().catch("no")"#, &[(r#"300"#, r#"no"#), (r#"1.5"#, r#"no"#)]),]);

fn body(_: &Call<'_>, target: Cow<'_, Value>) -> Evaluated {
    integers::signed(&target, 8).map(Value::Int)
}
