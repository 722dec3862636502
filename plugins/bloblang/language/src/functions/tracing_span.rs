use crate::eval::Call;
use crate::spec::{Evaluated, Example, FunctionSpec, Status};
use crate::value::{Object, Text, Value};

pub(super) const SPEC: FunctionSpec = FunctionSpec::function(
    "tracing_span",
    "Message Info",
    "The trace context of the message as an object of the headers that would carry it on, or null when there is none.",
    body,
)
.status(Status::Experimental)
.examples(&[Example::new("", r#"root.span = tracing_span().type()"#, &[(r#"{}"#, r#"{"span":"null"}"#)]),]);

fn body(call: &Call<'_>) -> Evaluated {
    let headers = call.frame.run.messages.trace_headers(call.frame.index);
    Ok(headers.map_or(Value::Null, |headers| {
        let entries = headers.into_iter().map(|(name, value)| (Text::from(name), Value::from(value)));
        Value::Object(Object::from(entries.collect::<Vec<_>>()))
    }))
}
