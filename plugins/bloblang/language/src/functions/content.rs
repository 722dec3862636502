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
    Ok(Value::bytes(call.frame.content()))
}
