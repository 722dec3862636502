use std::borrow::Cow;

use crate::changes;
use crate::eval::Call;
use crate::failure::Failure;
use crate::spec::{Evaluated, Example, FunctionSpec, ParamKind, ParamSpec, Status};
use crate::value::Value;

pub(super) const SPEC: FunctionSpec = FunctionSpec::method(
    "diff",
    "Object & Array Manipulation",
    "The changes that lead from the value to another one: an array of objects with the type of a change (`create`, `update` or `delete`), the path of what it is about, and what was and will be there.",
    body,
)
.unnamed()
.status(Status::Beta)
.params(&[ParamSpec::new("other", ParamKind::Any)])
.examples(&[Example::new(
    "",
    "root = this.before.diff(this.after)",
    &[
        (
            r#"{"before":{"name":"a","old":1},"after":{"name":"b","new":[2]}}"#,
            r#"[{"From":"a","Path":["name"],"To":"b","Type":"update"},{"From":1,"Path":["old"],"To":null,"Type":"delete"},{"From":null,"Path":["new"],"To":[2],"Type":"create"}]"#,
        ),
        (
            r#"{"before":{"a":[1]},"after":{"a":{}}}"#,
            "Error(\"failed assignment (line 1):  types do not match (cause count 0)\n\")",
        ),
    ],
)]);

fn body(call: &Call<'_>, target: Cow<'_, Value>) -> Evaluated {
    let other = call.value(0)?;
    if *target == Value::Null {
        return Ok(Value::Null);
    }
    let step = || call.frame.run.step().map_err(|failure| failure.to_string());
    let found = changes::find(&target, &other, &step).map_err(Failure::new)?;
    Ok(Value::from(found.into_iter().map(Value::from).collect::<Vec<_>>()))
}
