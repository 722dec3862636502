use std::borrow::Cow;

use super::expect;
use super::select;
use crate::eval::Call;
use crate::spec::{Evaluated, Example, FunctionSpec};
use crate::value::{Text, Value};

pub(super) const SPEC: FunctionSpec = FunctionSpec::method(
    "with",
    "Object & Array Manipulation",
    "The object with only what is at some paths.",
    body,
)
.unnamed()
.variadic()
.checked(select::check)
.examples(&[Example::new(
    "",
    r#"root = this.with("a.b", "c")"#,
    &[(r#"{"a":{"b":1,"d":2},"c":3,"e":4}"#, r#"{"a":{"b":1},"c":3}"#)],
)]);

fn body(call: &Call<'_>, target: Cow<'_, Value>) -> Evaluated {
    let mut paths = Vec::new();
    for (index, value) in call.values()?.iter().enumerate() {
        let path = expect::text(value).map_err(|failure| failure.within(format_args!("argument {index}")))?;
        paths.push(select::segments(&path));
    }
    let paths: Vec<&[Text]> = paths.iter().map(Vec::as_slice).collect();
    Ok(Value::Object(select::only(expect::object(&target)?, &paths)))
}
