use crate::eval::Call;
use crate::spec::{Evaluated, Example, FunctionSpec, Status};
use crate::value::Value;

pub(super) const SPEC: FunctionSpec = FunctionSpec::function(
    "tracing_id",
    "Message Info",
    "The identity of the trace that the message belongs to, of zeros only when it belongs to none.",
    body,
)
.status(Status::Experimental)
.examples(&[Example::new("", r#"root = tracing_id()"#, &[(r#"{}"#, r#"00000000000000000000000000000000"#)])]);

fn body(call: &Call<'_>) -> Evaluated {
    let id = call.frame.run.messages.trace_id(call.frame.index);
    Ok(id.map_or_else(|| Value::from("00000000000000000000000000000000"), Value::from))
}
