use crate::eval::Call;
use crate::spec::{Evaluated, FunctionSpec};
use crate::value::Value;

pub(super) const SPEC: FunctionSpec = FunctionSpec::function(
    "timestamp_unix",
    "Environment",
    "The current time as seconds since the start of 1970.",
    body,
);

fn body(call: &Call<'_>) -> Evaluated {
    let (seconds, _) = call.frame.run.outside.now();
    Ok(Value::Int(seconds))
}
