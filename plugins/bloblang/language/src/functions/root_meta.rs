use super::meta::as_text;
use crate::eval::Call;
use crate::failure::Failure;
use crate::spec::{Evaluated, Example, FunctionSpec, ParamDefault, ParamKind, ParamSpec, Status};

pub(super) const SPEC: FunctionSpec = FunctionSpec::function(
    "root_meta",
    "Deprecated",
    "Metadata of the message being made, as text: a key, which is null when missing or empty, or all of it.",
    body,
)
.status(Status::Deprecated)
.params(&[ParamSpec::new("key", ParamKind::Text).or(ParamDefault::Text(""))])
.examples(&[Example::new("", "meta a = 5\nroot = root_meta(\"a\") + \"!\"", &[("{}", "5!")])]);

fn body(call: &Call<'_>) -> Evaluated {
    let key = call.text(0)?;
    if call.frame.run.messages.is_empty() {
        return Err(Failure::new("root metadata cannot be queried in this context"));
    }
    Ok(as_text(call.frame.new_metadata((!key.is_empty()).then_some(key.as_str()))))
}
