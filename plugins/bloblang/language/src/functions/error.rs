use crate::eval::Call;
use crate::spec::{Evaluated, Example, FunctionSpec};
use crate::value::Value;

pub(super) const SPEC: FunctionSpec = FunctionSpec::function(
    "error",
    "Message Info",
    "Why processing of the message failed before, or null when it did not.",
    body,
)
.examples(&[Example::new("", "root.reason = error().or(\"none\")", &[("{}", r#"{"reason":"none"}"#)])]);

fn body(call: &Call<'_>) -> Evaluated {
    Ok(call.frame.error().map_or(Value::Null, Value::from))
}
