use std::borrow::Cow;

use super::expect;
use crate::eval::Call;
use crate::spec::{Evaluated, Example, FunctionSpec};
use crate::value::Value;

pub(super) const SPEC: FunctionSpec = FunctionSpec::method(
    "values",
    "Object & Array Manipulation",
    "The values of an object, in the order of their keys.",
    body,
)
.examples(&[Example::new("", r#"root = this.values()"#, &[(r#"{"b":1,"a":2}"#, r#"[2,1]"#)])]);

fn body(_: &Call<'_>, target: Cow<'_, Value>) -> Evaluated {
    let values = expect::object(&target)?.iter().map(|(_, value)| value.clone());
    Ok(Value::from(values.collect::<Vec<_>>()))
}
