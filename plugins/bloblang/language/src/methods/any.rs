use std::borrow::Cow;

use super::expect;
use crate::eval::Call;
use crate::failure::Failure;
use crate::spec::{Evaluated, Example, FunctionSpec, ParamKind, ParamSpec};
use crate::value::Value;

pub(super) const SPEC: FunctionSpec = FunctionSpec::method(
    "any",
    "Object & Array Manipulation",
    "Whether a query is true for some element of an array; false for an empty one.",
    body,
)
.params(&[ParamSpec::new("test", ParamKind::Query)])
.examples(&[Example::new(
    "",
    r#"root = this.any(n -> n > 1)"#,
    &[(r#"[1,2]"#, r#"true"#), (r#"[]"#, r#"false"#)],
)]);

fn body(call: &Call<'_>, target: Cow<'_, Value>) -> Evaluated {
    let items = expect::array(&target)?;
    for (index, item) in items.iter().enumerate() {
        match call.with(0, item).map_err(|failure| expect::element(failure, index))? {
            Value::Bool(true) => return Ok(Value::Bool(true)),
            Value::Bool(_) => {}
            other => {
                let reason = Failure::expected("bool", &other);
                return Err(Failure::new(format!("failed to process element {index}: {reason}")));
            }
        }
    }
    Ok(Value::Bool(false))
}
