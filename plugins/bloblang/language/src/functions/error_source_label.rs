use crate::eval::Call;
use crate::spec::{Evaluated, Example, FunctionSpec};
use crate::value::Value;

pub(super) const SPEC: FunctionSpec = FunctionSpec::function(
    "error_source_label",
    "Message Info",
    "The label of the component in which processing of the message failed before, or null when it did not.",
    body,
)
.examples(&[Example::new("", r#"root.source = error_source_label()"#, &[(r#"{}"#, r#"{"source":null}"#)])]);

fn body(call: &Call<'_>) -> Evaluated {
    let source = call.frame.run.messages.error_source(call.frame.index);
    Ok(source.map_or(Value::Null, |source| Value::from(source.label)))
}
