use std::borrow::Cow;

use super::expect;
use super::scheme::Scheme;
use crate::eval::Call;
use crate::failure::Failure;
use crate::spec::{Evaluated, Example, FunctionSpec, ParamKind, ParamSpec};
use crate::value::Value;

pub(super) const SPEC: FunctionSpec = FunctionSpec::method(
    "decode",
    "Encoding and Encryption",
    "Text decoded to bytes: base64, base64url, base64rawurl, hex or ascii85.",
    body,
)
.checked(check)
.params(&[ParamSpec::new("scheme", ParamKind::Text)])
.examples(&[
    Example::new("", r#"root = this.decode("hex")"#, &[(r#""6869""#, r#"hi"#)]),
    Example::new("", r#"root = this.decode("base64")"#, &[(r#""aGk=""#, r#"hi"#)]),
]);

fn check(arguments: &[Option<&Value>]) -> Result<(), String> {
    match arguments {
        [Some(scheme)] => Scheme::find(&scheme.to_text()).map(|_| ()),
        _ => Ok(()),
    }
}

fn body(call: &Call<'_>, target: Cow<'_, Value>) -> Evaluated {
    let scheme = Scheme::find(&call.text(0)?).map_err(Failure::plain)?;
    let decoded = scheme.decode(expect::bytes(&target)?).map_err(Failure::new)?;
    Ok(Value::bytes(&decoded))
}
