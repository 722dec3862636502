use std::borrow::Cow;

use super::expect;
use crate::eval::Call;
use crate::failure::Failure;
use crate::secrets::argon2;
use crate::spec::{Evaluated, Example, FunctionSpec, ParamKind, ParamSpec};
use crate::value::Value;

pub(super) const SPEC: FunctionSpec = FunctionSpec::method(
    "compare_argon2",
    "String Manipulation",
    "Whether text is the secret that an Argon2 hash was made of. The hash carries the settings it was made with, as \
     `$argon2id$v=19$m=4096,t=3,p=1$` with a salt and the key in base64.",
    body,
)
.unnamed()
.params(&[ParamSpec::new("hashed_secret", ParamKind::Text)])
.examples(&[Example::new(
    "",
    r#"root = this.compare_argon2("$argon2id$v=19$m=4096,t=3,p=1$c2FsdHktbWNzYWx0ZmFjZQ$RMUMwgtS32/mbszd+ke4o4Ej1jFpYiUqY6MHWa69X7Y")"#,
    &[(r#""there-are-many-blobs-in-the-sea""#, "true"), (r#""will-i-ever-find-love""#, "false")],
)]);

fn body(call: &Call<'_>, target: Cow<'_, Value>) -> Evaluated {
    let secret = expect::content(&target)?;
    if secret.is_empty() {
        return Ok(Value::Bool(false));
    }
    argon2::compare(&call.text(0)?, &secret).map(Value::Bool).map_err(Failure::new)
}
