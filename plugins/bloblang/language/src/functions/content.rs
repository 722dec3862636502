use crate::eval::Call;
use crate::spec::{Evaluated, Example, FunctionSpec};
use crate::value::Value;

pub(super) const SPEC: FunctionSpec =
    FunctionSpec::function("content", "Message Info", "The raw content of the message, as bytes.", body)
        .examples(&[Example::new(
            "",
            "root.text = content().string()",
            &[("not json", r#"{"text":"not json"}"#)],
        )]);

fn body(call: &Call<'_>) -> Evaluated {
    let messages = call.frame.run.messages;
    let content = if call.frame.index < messages.len() { messages.content(call.frame.index) } else { &[] };
    Ok(Value::bytes(content))
}
