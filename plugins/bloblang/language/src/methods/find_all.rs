use std::borrow::Cow;

use super::expect;
use crate::eval::Call;
use crate::spec::{Evaluated, Example, FunctionSpec, ParamKind, ParamSpec};
use crate::value::Value;

pub(super) const SPEC: FunctionSpec = FunctionSpec::method(
    "find_all",
    "Object & Array Manipulation",
    "The indexes of all elements of an array that equal a value.",
    body,
)
.params(&[ParamSpec::new("value", ParamKind::Any)])
.examples(&[Example::new("", r#"root = this.find_all("b")"#, &[(r#"["a","b","b"]"#, r#"[1,2]"#)])]);

fn body(call: &Call<'_>, target: Cow<'_, Value>) -> Evaluated {
    let items = expect::array(&target)?;
    let wanted = call.value(0)?;
    let mut found = Vec::new();
    for (index, item) in items.iter().enumerate() {
        if wanted.alike(item) {
            found.push(Value::from(index));
        }
    }
    Ok(Value::from(found))
}
