use std::borrow::Cow;

use super::expect;
use crate::eval::Call;
use crate::spec::{Evaluated, Example, FunctionSpec, ParamKind, ParamSpec};
use crate::value::Value;

pub(super) const SPEC: FunctionSpec = FunctionSpec::method(
    "find",
    "Object & Array Manipulation",
    "The index of the first element of an array that equals a value, or -1.",
    body,
)
.params(&[ParamSpec::new("value", ParamKind::Any)])
.examples(&[Example::new(
    "",
    r#"root = this.find("b")"#,
    &[(r#"["a","b","b"]"#, r#"1"#), (r#"[]"#, r#"-1"#)],
)]);

fn body(call: &Call<'_>, target: Cow<'_, Value>) -> Evaluated {
    let items = expect::array(&target)?;
    let wanted = call.value(0)?;
    for (index, item) in items.iter().enumerate() {
        if wanted.alike(item) {
            return Ok(Value::from(index));
        }
    }
    Ok(Value::Int(-1))
}
