use std::borrow::Cow;

use super::expect;
use crate::eval::Call;
use crate::spec::{Evaluated, Example, FunctionSpec};
use crate::value::{Object, Text, Value};

pub(super) const SPEC: FunctionSpec = FunctionSpec::method(
    "enumerated",
    "Object & Array Manipulation",
    "The elements of an array as objects with an index and a value.",
    body,
)
.examples(&[Example::new(
    "",
    r#"root = this.enumerated()"#,
    &[(r#"["a"]"#, r#"[{"index":0,"value":"a"}]"#)],
)]);

fn body(_: &Call<'_>, target: Cow<'_, Value>) -> Evaluated {
    let items = expect::array(&target)?.iter().enumerate().map(|(index, value)| {
        let entries = vec![(Text::fixed("index"), Value::from(index)), (Text::fixed("value"), value.clone())];
        Value::Object(Object::from(entries))
    });
    Ok(Value::from(items.collect::<Vec<_>>()))
}
