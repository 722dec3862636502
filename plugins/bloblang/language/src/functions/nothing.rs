use crate::eval::Call;
use crate::spec::{Evaluated, Example, FunctionSpec, Status};
use crate::value::Value;

pub(super) const SPEC: FunctionSpec =
    FunctionSpec::function("nothing", "Hidden", "Leaves what it is assigned to as it was.", body)
        .status(Status::Hidden)
        .examples(&[Example::new("", "root = this\nroot.a = nothing()", &[(r#"{"a":1}"#, r#"{"a":1}"#)])]);

fn body(_: &Call<'_>) -> Evaluated {
    Ok(Value::Nothing)
}
