use std::borrow::Cow;

use super::expect;
use super::merge::{collect, combine};
use crate::eval::Call;
use crate::spec::{Evaluated, Example, FunctionSpec};
use crate::value::{Object, Value};

pub(super) const SPEC: FunctionSpec = FunctionSpec::method(
    "squash",
    "Object & Array Manipulation",
    "The objects of an array merged into one, in turn, as `merge` does it. What is no object is passed over.",
    body,
)
.unnamed()
.examples(&[Example::new(
    "",
    r#"root = this.squash()"#,
    &[(r#"[{"a":[1]},{"a":[2],"b":3}]"#, r#"{"a":[1,2],"b":3}"#)],
)]);

fn body(_: &Call<'_>, target: Cow<'_, Value>) -> Evaluated {
    let mut whole = Value::Object(Object::new());
    for item in expect::array(&target)?.iter() {
        whole = combine(whole, item, collect)?;
    }
    Ok(whole)
}
