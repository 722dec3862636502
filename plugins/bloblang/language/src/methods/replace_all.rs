use std::borrow::Cow;

use super::expect;
use crate::eval::Call;
use crate::spec::{Evaluated, Example, FunctionSpec, ParamKind, ParamSpec};
use crate::value::{Text, Value};

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
    let text = expect::text(&target)?;
    let matches = text.matches(old.as_str()).count();
    expect::size(text.len().saturating_add(matches.saturating_mul(new.len())))?;
    Ok(expect::like(&target, Text::from(text.replace(old.as_str(), &new))))
}
