use std::borrow::Cow;

use super::expect;
use crate::eval::Call;
use crate::spec::{Evaluated, Example, FunctionSpec};
use crate::value::{Path, Value};

pub(super) const SPEC: FunctionSpec = FunctionSpec::method(
    "without",
    "Object & Array Manipulation",
    "The object without what is at some paths.",
    body,
)
.variadic()
.examples(&[Example::new(
    "",
    r#"root = this.without("a.b", "c")"#,
    &[(r#"{"a":{"b":1,"d":2},"c":3}"#, r#"{"a":{"d":2}}"#)],
)]);

fn body(call: &Call<'_>, target: Cow<'_, Value>) -> Evaluated {
    expect::object(&target)?;
    let mut rest = target.into_owned();
    for path in call.values()? {
        Path::dotted(&expect::text(&path)?).remove(&mut rest);
    }
    Ok(rest)
}
