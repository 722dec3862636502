use std::borrow::Cow;

use super::expect;
use super::scheme::Scheme;
use crate::eval::Call;
use crate::failure::Failure;
use crate::spec::{Evaluated, Example, FunctionSpec, ParamKind, ParamSpec};
use crate::value::Value;

pub(super) const SPEC: FunctionSpec = FunctionSpec::method(
    "encode",
    "Encoding and Encryption",
    "Text or bytes encoded as text: base64, base64url, base64rawurl, hex or ascii85.",
    body,
)
.checked(check)
.params(&[ParamSpec::new("scheme", ParamKind::Text)])
.examples(&[
    Example::new("", r#"root = this.encode("hex")"#, &[(r#""hi""#, r#"6869"#)]),
    Example::new("", r#"root = this.encode("base64")"#, &[(r#""hi""#, r#"aGk="#)]),
]);

fn check(arguments: &[Option<&Value>]) -> Result<(), String> {
    match arguments {
        [Some(scheme)] => Scheme::find(&scheme.to_text()).map(|_| ()),
        _ => Ok(()),
    }
}

fn body(call: &Call<'_>, target: Cow<'_, Value>) -> Evaluated {
    let scheme = Scheme::find(&call.text(0)?).map_err(Failure::plain)?;
    scheme.encode(expect::bytes(&target)?).map(Value::from).map_err(Failure::new)
}
