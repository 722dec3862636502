use crate::eval::Call;
use crate::spec::{Evaluated, Example, FunctionSpec};
use crate::value::Value;

pub(super) const SPEC: FunctionSpec = FunctionSpec::function(
    "error_source_name",
    "Message Info",
    "The same as `error_source_type`, by the name that Redpanda gives it.",
    body,
)
.examples(&[Example::new("", r#"root.source = error_source_name()"#, &[(r#"{}"#, r#"{"source":null}"#)])]);

fn body(call: &Call<'_>) -> Evaluated {
    let source = call.frame.run.messages.error_source(call.frame.index);
    Ok(source.map_or(Value::Null, |source| Value::from(source.name)))
}
