use crate::eval::Call;
use crate::spec::{Evaluated, Example, FunctionSpec, Status};
use crate::value::{Object, Text, Value};

pub(super) const SPEC: FunctionSpec = FunctionSpec::function(
    "tracing_span",
    "Message Info",
    "The trace context of the message as an object of the headers that would carry it on: none when it has no trace.",
    body,
)
.status(Status::Experimental)
.examples(&[Example::new("", r#"root.span = tracing_span()"#, &[(r#"{}"#, r#"{"span":{}}"#)]),]);

fn body(call: &Call<'_>) -> Evaluated {
    let headers = call.frame.run.messages.trace_headers(call.frame.index).unwrap_or_default();
    let entries = headers.into_iter().map(|(name, value)| (Text::from(name), Value::from(value)));
    Ok(Value::Object(Object::from(entries.collect::<Vec<_>>())))
}
