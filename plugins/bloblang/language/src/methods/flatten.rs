use std::borrow::Cow;

use super::expect;
use crate::eval::Call;
use crate::spec::{Evaluated, Example, FunctionSpec};
use crate::value::Value;

pub(super) const SPEC: FunctionSpec = FunctionSpec::method(
    "flatten",
    "Object & Array Manipulation",
    "The array with the elements of its inner arrays in their place, one level deep.",
    body,
)
.examples(&[Example::new(
    "",
    r#"root = this.flatten()"#,
    &[(r#"["a",["b",["c"]],"d"]"#, r#"["a","b",["c"],"d"]"#)],
)]);

fn body(_: &Call<'_>, target: Cow<'_, Value>) -> Evaluated {
    let mut flat = Vec::new();
    for item in expect::array(&target)?.iter() {
        match item {
            Value::Array(inner) => flat.extend_from_slice(inner),
            other => flat.push(other.clone()),
        }
    }
    Ok(Value::from(flat))
}
