use std::borrow::Cow;

use super::expect;
use crate::eval::Call;
use crate::spec::{Evaluated, Example, FunctionSpec};
use crate::value::Value;

pub(super) const SPEC: FunctionSpec = FunctionSpec::method(
    "vector",
    "Object & Array Manipulation",
    "The array of numbers as floats of 32 bits, which is what databases keep vectors as. This is Redpanda's, not Bento's.",
    body,
)
.unnamed()
.examples(&[Example::new("", "root = this.vector()", &[("[1,0.5,0.1]", "[1,0.5,0.10000000149011612]")])]);

fn body(_: &Call<'_>, target: Cow<'_, Value>) -> Evaluated {
    let items: Result<Vec<Value>, _> = expect::array(&target)?.iter().map(single).collect();
    items.map(Value::from)
}

#[expect(clippy::cast_possible_truncation, reason = "that is what it is for")]
fn single(item: &Value) -> Evaluated {
    let number = expect::number(item)?.as_f64();
    Ok(Value::Float(f64::from(number as f32)))
}
