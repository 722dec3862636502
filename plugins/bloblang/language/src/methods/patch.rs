use std::borrow::Cow;

use crate::changes;
use crate::eval::Call;
use crate::failure::Failure;
use crate::spec::{Evaluated, Example, FunctionSpec, ParamKind, ParamSpec, Status};
use crate::value::Value;

pub(super) const SPEC: FunctionSpec = FunctionSpec::method(
    "patch",
    "Object & Array Manipulation",
    "The value after the changes of a changelog, such as `diff` makes.",
    body,
)
.unnamed()
.status(Status::Beta)
.params(&[ParamSpec::new("changelog", ParamKind::Any)])
.examples(&[Example::new(
    "",
    "root = this.value.patch(this.changes)",
    &[
        (
            r#"{"value":{"a":1,"b":{"c":2}},"changes":[{"Type":"update","Path":["b","c"],"From":2,"To":3},{"Type":"delete","Path":["a"]}]}"#,
            r#"{"b":{"c":3}}"#,
        ),
        (
            r#"{"value":[1],"changes":[{"Type":"update","Path":["x"],"To":3}]}"#,
            "Error(\"failed assignment (line 1):  invalid index in path. x is not a number (cause count 1)\nstrconv.Atoi: parsing \"x\": invalid syntax\")",
        ),
    ],
)]);

fn body(call: &Call<'_>, target: Cow<'_, Value>) -> Evaluated {
    let changelog = call.value(0)?;
    if *target == Value::Null {
        return Ok(Value::Null);
    }
    changes::apply(&target, &changelog).map_err(Failure::new)
}
