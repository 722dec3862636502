use crate::eval::Call;
use crate::spec::{Evaluated, Example, FunctionSpec};
use crate::value::Value;

pub(super) const SPEC: FunctionSpec = FunctionSpec::function(
    "errored",
    "Message Info",
    "Whether processing of the message failed before.",
    body,
)
.examples(&[Example::new("", "root = errored()", &[("{}", "false")])]);

fn body(call: &Call<'_>) -> Evaluated {
    Ok(Value::Bool(call.frame.error().is_some()))
}
