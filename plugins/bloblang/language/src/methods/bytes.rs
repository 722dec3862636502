use std::borrow::Cow;

use crate::eval::Call;
use crate::spec::{Evaluated, Example, FunctionSpec};
use crate::value::Value;

pub(super) const SPEC: FunctionSpec =
    FunctionSpec::method("bytes", "Type Coercion", "The value as bytes: those of its text.", body)
        .examples(&[Example::new("", r#"root = this.bytes().length()"#, &[(r#""abc""#, r#"3"#)])]);

fn body(_: &Call<'_>, target: Cow<'_, Value>) -> Evaluated {
    Ok(match target.as_ref() {
        Value::Bytes(_) => target.into_owned(),
        other => Value::bytes(other.to_text().as_bytes()),
    })
}
