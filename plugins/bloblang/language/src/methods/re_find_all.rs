use std::borrow::Cow;

use super::{expect, pattern};
use crate::eval::Call;
use crate::spec::{Evaluated, Example, FunctionSpec};
use crate::value::Value;

pub(super) const SPEC: FunctionSpec = FunctionSpec::method(
    "re_find_all",
    "Regular Expressions",
    "All parts of the text that match the pattern, one after the other.",
    body,
)
.checked(pattern::check)
.params(&[pattern::PARAM])
.examples(&[Example::new(
    "",
    r#"root = this.re_find_all("a.")"#,
    &[(r#""paranormal""#, r#"["ar","an","al"]"#)],
)]);

fn body(call: &Call<'_>, target: Cow<'_, Value>) -> Evaluated {
    let pattern = pattern::compiled(call)?;
    let found = pattern.find_all(expect::bytes(&target)?);
    let parts = found.into_iter().map(|(start, end)| expect::part(&target, start, end));
    Ok(Value::from(parts.collect::<Vec<_>>()))
}
