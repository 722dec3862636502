use std::borrow::Cow;

use super::{expect, replacements};
use crate::eval::Call;
use crate::spec::{Evaluated, Example, FunctionSpec, ParamKind, ParamSpec};
use crate::value::Value;

pub(super) const SPEC: FunctionSpec = FunctionSpec::method(
    "replace_all",
    "String Manipulation",
    "The text with every `old` replaced by `new`.",
    body,
)
.params(&[ParamSpec::new("old", ParamKind::Text), ParamSpec::new("new", ParamKind::Text)])
.examples(&[Example::new(
    "",
    r#"root = this.replace_all("foo", "dog")"#,
    &[(r#""the foo ate""#, r#"the dog ate"#)],
)]);

pub(super) fn body(call: &Call<'_>, target: Cow<'_, Value>) -> Evaluated {
    let (old, new) = (call.text(0)?, call.text(1)?);
    let replaced = replacements::replaced(expect::bytes(&target)?, old.as_bytes(), new.as_bytes())?;
    Ok(match target.as_ref() {
        Value::Bytes(_) => Value::bytes(&replaced),
        _ => expect::string(replaced),
    })
}
