use crate::eval::Call;
use crate::spec::{Evaluated, FunctionSpec};
use crate::value::{Timestamp, Value};

pub(super) const SPEC: FunctionSpec = FunctionSpec::function(
    "now",
    "Environment",
    "The current time as text in RFC 3339, in the local zone.",
    body,
);

fn body(call: &Call<'_>) -> Evaluated {
    let (seconds, nanoseconds) = call.frame.run.outside.now();
    Ok(Value::from(Timestamp::new(seconds, nanoseconds, call.frame.run.local()).to_string()))
}
