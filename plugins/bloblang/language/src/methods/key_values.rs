use std::borrow::Cow;

use super::expect;
use crate::eval::Call;
use crate::spec::{Evaluated, Example, FunctionSpec};
use crate::value::Value;

pub(super) const SPEC: FunctionSpec = FunctionSpec::method(
    "key_values",
    "Object & Array Manipulation",
    "The entries of an object as objects with a key and a value, in the order of their keys.",
    body,
)
.examples(&[Example::new(
    "",
    r#"root = this.key_values()"#,
    &[(r#"{"b":1,"a":2}"#, r#"[{"key":"a","value":2},{"key":"b","value":1}]"#)],
)]);

fn body(_: &Call<'_>, target: Cow<'_, Value>) -> Evaluated {
    let entries = expect::object(&target)?.iter().map(|(key, value)| expect::entry(key, value));
    Ok(Value::from(entries.collect::<Vec<_>>()))
}
