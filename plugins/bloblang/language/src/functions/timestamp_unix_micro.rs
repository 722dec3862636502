use crate::eval::Call;
use crate::spec::{Evaluated, FunctionSpec};
use crate::value::Value;

pub(super) const SPEC: FunctionSpec = FunctionSpec::function(
    "timestamp_unix_micro",
    "Environment",
    "The current time as microseconds since the start of 1970.",
    body,
);

fn body(call: &Call<'_>) -> Evaluated {
    let (seconds, nanoseconds) = call.frame.run.outside.now();
    Ok(Value::Int(seconds.wrapping_mul(1_000_000).wrapping_add(i64::from(nanoseconds / 1_000))))
}
