use crate::eval::Call;
use crate::spec::{Evaluated, FunctionSpec, ParamDefault, ParamKind, ParamSpec, Status};
use crate::value::{Object, Value};

pub(super) const SPEC: FunctionSpec = FunctionSpec::function(
    "meta",
    "Deprecated",
    "Metadata of the message that came in, as text: a key, which is null when missing or empty, or all of it.",
    body,
)
.status(Status::Deprecated)
.params(&[ParamSpec::new("key", ParamKind::Text).or(ParamDefault::Text(""))]);

fn body(call: &Call<'_>) -> Evaluated {
    let key = call.text(0)?;
    Ok(as_text(call.frame.old_metadata((!key.is_empty()).then_some(key.as_str()))))
}

/// Metadata as text, or an object of texts.
pub(super) fn as_text(metadata: Value) -> Value {
    match metadata {
        Value::Object(object) => {
            let entries: Vec<_> =
                object.iter().map(|(key, value)| (key.clone(), Value::String(value.to_text()))).collect();
            Value::Object(Object::from(entries))
        }
        Value::Null => Value::Null,
        value => match value.to_text() {
            text if text.is_empty() => Value::Null,
            text => Value::String(text),
        },
    }
}
