use crate::eval::Call;
use crate::spec::{Evaluated, Example, FunctionSpec};
use crate::value::Value;

pub(super) const SPEC: FunctionSpec = FunctionSpec::function(
    "batch_index",
    "Message Info",
    "The position of the message within its batch, from zero.",
    body,
)
.examples(&[Example::new("", "root = batch_index()", &[("{}", "0")])]);

fn body(call: &Call<'_>) -> Evaluated {
    Ok(Value::from(call.frame.index))
}
