use std::borrow::Cow;

use super::expect;
use crate::eval::Call;
use crate::failure::Failure;
use crate::spec::{Evaluated, Example, FunctionSpec, ParamKind, ParamSpec};
use crate::value::Value;

pub(super) const SPEC: FunctionSpec = FunctionSpec::method(
    "all",
    "Object & Array Manipulation",
    "Whether a query is true for every element of an array; false for an empty one.",
    body,
)
.params(&[ParamSpec::new("test", ParamKind::Query)])
.examples(&[Example::new(
    "",
    r#"root = this.all(n -> n > 1)"#,
    &[(r#"[1,2]"#, r#"false"#), (r#"[]"#, r#"false"#)],
)]);

fn body(call: &Call<'_>, target: Cow<'_, Value>) -> Evaluated {
    let items = expect::array(&target)?;
    for (index, item) in items.iter().enumerate() {
        let element = format_args!("element {index}");
        match call.with(0, item).map_err(|failure| failure.within(element))? {
            Value::Bool(false) => return Ok(Value::Bool(false)),
            Value::Bool(true) => {}
            other => return Err(Failure::expected("bool", &other).within(format_args!("element {index}"))),
        }
    }
    Ok(Value::Bool(!items.is_empty()))
}
