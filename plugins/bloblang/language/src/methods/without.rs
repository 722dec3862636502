use std::borrow::Cow;

use super::expect;
use super::select;
use crate::eval::Call;
use crate::spec::{Evaluated, Example, FunctionSpec};
use crate::value::{Text, Value};

pub(super) const SPEC: FunctionSpec = FunctionSpec::method(
    "without",
    "Object & Array Manipulation",
    "The object without what is at some paths. Paths lead through objects only.",
    body,
)
.variadic()
.checked(select::check)
.examples(&[Example::new(
    "",
    r#"root = this.without("a.b", "c")"#,
    &[(r#"{"a":{"b":1,"d":2},"c":3}"#, r#"{"a":{"d":2}}"#)],
)]);

fn body(call: &Call<'_>, target: Cow<'_, Value>) -> Evaluated {
    let mut paths = Vec::new();
    for (index, value) in call.values()?.iter().enumerate() {
        let path = expect::text(value)
            .map_err(|failure| failure.within(format_args!("argument {index}")).passed())?;
        paths.push(select::segments(&path));
    }
    let paths: Vec<&[Text]> = paths.iter().map(Vec::as_slice).collect();
    Ok(Value::Object(select::rest(expect::object(&target)?, &paths)))
}
