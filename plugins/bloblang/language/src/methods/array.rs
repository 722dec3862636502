use std::borrow::Cow;

use crate::eval::Call;
use crate::spec::{Evaluated, Example, FunctionSpec};
use crate::value::Value;

pub(super) const SPEC: FunctionSpec = FunctionSpec::method(
    "array",
    "Type Coercion",
    "The value as an array: itself if it is one, otherwise an array of it alone.",
    body,
)
.examples(&[Example::new("", r#"root = this.array()"#, &[(r#"1"#, r#"[1]"#), (r#"[1]"#, r#"[1]"#)])]);

fn body(_: &Call<'_>, target: Cow<'_, Value>) -> Evaluated {
    Ok(match target.into_owned() {
        array @ Value::Array(_) => array,
        other => Value::from(vec![other]),
    })
}
