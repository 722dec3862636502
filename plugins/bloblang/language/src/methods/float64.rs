use std::borrow::Cow;

use super::integers;
use crate::eval::Call;
use crate::spec::{Evaluated, Example, FunctionSpec};
use crate::value::Value;

pub(super) const SPEC: FunctionSpec = FunctionSpec::method(
    "float64",
    "Number Manipulation",
    "The value as a float of 64 bits, read from text if need be.",
    body,
)
.unnamed()
.examples(&[Example::new("", r#"root = this.float64()"#, &[(r#""12.5""#, r#"12.5"#), (r#"12"#, r#"12"#)])]);

fn body(_: &Call<'_>, target: Cow<'_, Value>) -> Evaluated {
    integers::float(&target).map(Value::Float)
}
