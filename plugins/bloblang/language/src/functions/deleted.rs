use crate::eval::Call;
use crate::spec::{Evaluated, Example, FunctionSpec};
use crate::value::Value;

pub(super) const SPEC: FunctionSpec = FunctionSpec::function(
    "deleted",
    "General",
    "Deletes what it is assigned to: a field, an element, metadata, or with `root` the whole message.",
    body,
)
.examples(&[
    Example::new("", "root = this\nroot.b = deleted()", &[(r#"{"a":1,"b":2}"#, r#"{"a":1}"#)]),
    Example::new(
        "Elements are left out.",
        "root = this.map_each(if this < 0 { deleted() } else { this })",
        &[("[1,-2,3]", "[1,3]")],
    ),
]);

fn body(_: &Call<'_>) -> Evaluated {
    Ok(Value::Delete)
}
