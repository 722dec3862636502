use std::borrow::Cow;

use super::{expect, pattern};
use crate::eval::Call;
use crate::spec::{Evaluated, Example, FunctionSpec};
use crate::value::Value;

pub(super) const SPEC: FunctionSpec = FunctionSpec::method(
    "re_match",
    "Regular Expressions",
    "Whether the pattern matches any part of the text.",
    body,
)
.checked(pattern::check)
.params(&[pattern::PARAM])
.examples(&[
    Example::new(
        "",
        r#"root = this.re_match("[0-9]")"#,
        &[(r#""10 dogs""#, "true"), (r#""ten dogs""#, "false")],
    ),
    Example::new(
        "Classes are those of ASCII.",
        r#"root = this.re_match("^\\w$")"#,
        &[("\"\u{e9}\"", "false")],
    ),
]);

fn body(call: &Call<'_>, target: Cow<'_, Value>) -> Evaluated {
    let pattern = pattern::compiled(call)?;
    Ok(Value::Bool(pattern.is_match(expect::bytes(&target)?)))
}
