use std::borrow::Cow;

use super::expect;
use crate::eval::Call;
use crate::spec::{Evaluated, Example, FunctionSpec};
use crate::value::{Object, Path, Value};

pub(super) const SPEC: FunctionSpec = FunctionSpec::method(
    "with",
    "Object & Array Manipulation",
    "The object with only what is at some paths.",
    body,
)
.variadic()
.examples(&[Example::new(
    "",
    r#"root = this.with("a.b", "c")"#,
    &[(r#"{"a":{"b":1,"d":2},"c":3,"e":4}"#, r#"{"a":{"b":1},"c":3}"#)],
)]);

fn body(call: &Call<'_>, target: Cow<'_, Value>) -> Evaluated {
    expect::object(&target)?;
    let mut kept = Value::Object(Object::new());
    for path in call.values()? {
        let path = Path::dotted(&expect::text(&path)?);
        if let Some(found) = path.find(&target) {
            // What collides with a path before is already there as a whole.
            let _ = path.assign(&mut kept, found.into_owned());
        }
    }
    Ok(kept)
}
