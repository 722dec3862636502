use crate::eval::Call;
use crate::spec::{Evaluated, Example, FunctionSpec, Status};
use crate::value::Value;

pub(super) const SPEC: FunctionSpec = FunctionSpec::function(
    "flow_id",
    "Message Info",
    "The identity that the message got where it came in, or an empty text where none is given out.",
    body,
)
.status(Status::Experimental)
.examples(&[Example::new("", r#"root.id = flow_id()"#, &[(r#"{}"#, r#"{"id":""}"#)])]);

fn body(call: &Call<'_>) -> Evaluated {
    let id = call.frame.run.messages.flow_id(call.frame.index);
    Ok(Value::from(id.unwrap_or_default()))
}
