use std::borrow::Cow;

use super::expect;
use crate::eval::Call;
use crate::failure::Failure;
use crate::spec::{Evaluated, Example, FunctionSpec, ParamKind, ParamSpec};
use crate::value::Value;

pub(super) const SPEC: FunctionSpec = FunctionSpec::method(
    "any",
    "Object & Array Manipulation",
    "Whether a query is true for an element of an array.",
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
        let element = format_args!("element {index}");
        match call.with(0, item).map_err(|failure| failure.within(element))? {
            Value::Bool(true) => return Ok(Value::Bool(true)),
            Value::Bool(false) => {}
            other => return Err(Failure::expected("bool", &other).within(format_args!("element {index}"))),
        }
    }
    Ok(Value::Bool(false))
}
