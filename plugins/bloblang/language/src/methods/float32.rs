use std::borrow::Cow;

use super::integers;
use crate::eval::Call;
use crate::spec::{Evaluated, Example, FunctionSpec};
use crate::value::Value;

pub(super) const SPEC: FunctionSpec = FunctionSpec::method(
    "float32",
    "Number Manipulation",
    "The value rounded to a float of 32 bits, read from text if need be.",
    body,
)
.unnamed()
.examples(&[Example::new(
    "",
    r#"root = this.float32()"#,
    &[(r#""6.674282313423543523453425345e-11""#, r#"6.674283e-11"#), (r#"0.1"#, r#"0.1"#)],
)]);

fn body(_: &Call<'_>, target: Cow<'_, Value>) -> Evaluated {
    integers::float32(&target)
}
