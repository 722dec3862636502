use crate::eval::Call;
use crate::failure::Failure;
use crate::spec::{Evaluated, FunctionSpec};
use crate::value::Value;

pub(super) const SPEC: FunctionSpec = FunctionSpec::function(
    "hostname",
    "Environment",
    "The name of the host that the pipeline runs on.",
    body,
)
.impure();

fn body(call: &Call<'_>) -> Evaluated {
    call.frame.run.outside.hostname().map(Value::from).map_err(Failure::plain)
}
