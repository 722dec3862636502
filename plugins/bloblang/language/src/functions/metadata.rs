use crate::eval::Call;
use crate::spec::{Evaluated, Example, FunctionSpec, ParamDefault, ParamKind, ParamSpec};

pub(super) const SPEC: FunctionSpec = FunctionSpec::function(
    "metadata",
    "Message Info",
    "Metadata of the message that came in: a key, which is null when missing, or all of it as an object.",
    body,
)
.params(&[ParamSpec::new("key", ParamKind::Text).or(ParamDefault::Text(""))])
.examples(&[Example::new(
    "What the mapping writes does not show; `@` shows it.",
    "meta a = 5\nroot = [metadata(\"a\"), @a]",
    &[("{}", "[null,5]")],
)]);

fn body(call: &Call<'_>) -> Evaluated {
    let key = call.text(0)?;
    Ok(call.frame.old_metadata((!key.is_empty()).then_some(key.as_str())))
}
