use std::borrow::Cow;

use super::expect;
use super::expect::matches;
use crate::eval::Call;
use crate::spec::{Evaluated, Example, FunctionSpec, ParamKind, ParamSpec};
use crate::value::Value;

pub(super) const SPEC: FunctionSpec = FunctionSpec::method(
    "find_all_by",
    "Object & Array Manipulation",
    "The indexes of all elements of an array for which a query is true.",
    body,
)
.params(&[ParamSpec::new("query", ParamKind::Query)])
.examples(&[Example::new(
    "",
    r#"root = this.find_all_by(v -> v != "a")"#,
    &[(r#"["a","b","b"]"#, r#"[1,2]"#)],
)]);

fn body(call: &Call<'_>, target: Cow<'_, Value>) -> Evaluated {
    let items = expect::array(&target)?;
    let mut found = Vec::new();
    for (index, item) in items.iter().enumerate() {
        if matches(call, index, item)? {
            found.push(Value::from(index));
        }
    }
    Ok(Value::from(found))
}
