use std::borrow::Cow;

use crate::eval::Call;
use crate::failure::Failure;
use crate::spec::{Evaluated, Example, FunctionSpec};
use crate::value::{Number, Value};

pub(super) const SPEC: FunctionSpec = FunctionSpec::method(
    "abs",
    "Number Manipulation",
    "The number without its sign. The smallest integer becomes the largest.",
    body,
)
.unnamed()
.examples(&[Example::new(
    "",
    r#"root = this.map_each(this.abs())"#,
    &[(r#"[9,-18,-4.56]"#, r#"[9,18,4.56]"#)],
)]);

fn body(_: &Call<'_>, target: Cow<'_, Value>) -> Evaluated {
    match target.as_number() {
        // The one that has no opposite becomes an unsigned number in Go, of the same digits as the largest signed one.
        Some(Number::Int(value)) => Ok(Value::Int(value.checked_abs().unwrap_or(i64::MAX))),
        Some(Number::Float(value)) if value.is_finite() || matches!(*target, Value::Float(_)) => {
            Ok(Value::Float(value.abs()))
        }
        _ => Err(Failure::expected("number or integer", &target)),
    }
}
