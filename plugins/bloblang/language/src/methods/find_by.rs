use std::borrow::Cow;

use super::expect;
use super::expect::matches;
use crate::eval::Call;
use crate::spec::{Evaluated, Example, FunctionSpec, ParamKind, ParamSpec};
use crate::value::Value;

pub(super) const SPEC: FunctionSpec = FunctionSpec::method(
    "find_by",
    "Object & Array Manipulation",
    "The index of the first element of an array for which a query is true, or -1.",
    body,
)
.params(&[ParamSpec::new("query", ParamKind::Query)])
.examples(&[Example::new("", r#"root = this.find_by(v -> v != "a")"#, &[(r#"["a","b","b"]"#, r#"1"#)])]);

fn body(call: &Call<'_>, target: Cow<'_, Value>) -> Evaluated {
    let items = expect::array(&target)?;
    for (index, item) in items.iter().enumerate() {
        if matches(call, index, item)? {
            return Ok(Value::from(index));
        }
    }
    Ok(Value::Int(-1))
}
