use crate::eval::Call;
use crate::failure::Failure;
use crate::spec::{Evaluated, Example, FunctionSpec, ParamDefault, ParamKind, ParamSpec};
use crate::value::{Path, Value};

pub(super) const SPEC: FunctionSpec = FunctionSpec::function(
    "json",
    "Message Info",
    "The document of the message, whatever `this` is, or the value at a path within it.",
    body,
)
.params(&[ParamSpec::new("path", ParamKind::Text).or(ParamDefault::Text(""))])
.examples(&[
    Example::new("", "root.a = json(\"foo.bar\")", &[(r#"{"foo":{"bar":1}}"#, r#"{"a":1}"#)]),
    Example::new("", "root.a = json()", &[(r#"{"foo":1}"#, r#"{"a":{"foo":1}}"#)]),
]);

fn body(call: &Call<'_>) -> Evaluated {
    let path = call.text(0)?;
    let document = call.frame.document(call.frame.index).map_err(Failure::new)?;
    if path.is_empty() {
        return Ok(document.clone());
    }
    Ok(Path::dotted(&path).find(document).map_or(Value::Null, std::borrow::Cow::into_owned))
}
