use crate::eval::Call;
use crate::spec::{Evaluated, Example, FunctionSpec};
use crate::value::Value;

pub(super) const SPEC: FunctionSpec =
    FunctionSpec::function("batch_size", "Message Info", "The number of messages in the batch.", body)
        .examples(&[Example::new("", "root = batch_size()", &[("{}", "1")])]);

fn body(call: &Call<'_>) -> Evaluated {
    Ok(Value::from(call.frame.run.messages.len()))
}
