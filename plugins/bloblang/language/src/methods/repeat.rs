use std::borrow::Cow;

use super::expect;
use crate::eval::Call;
use crate::spec::{Evaluated, Example, FunctionSpec, ParamKind, ParamSpec};
use crate::value::{Text, Value};

pub(super) const SPEC: FunctionSpec = FunctionSpec::method(
    "repeat",
    "String Manipulation",
    "The text several times over; empty if the count is negative.",
    body,
)
.params(&[ParamSpec::new("count", ParamKind::Integer)])
.examples(&[Example::new("", r#"root = this + "na".repeat(2)"#, &[(r#""ba""#, r#"banana"#)])]);

fn body(call: &Call<'_>, target: Cow<'_, Value>) -> Evaluated {
    let count = call.integer(0)?;
    let text = expect::text(&target)?;
    let count = usize::try_from(count).unwrap_or(0);
    expect::size(text.len().saturating_mul(count))?;
    Ok(expect::like(&target, Text::from(text.repeat(count))))
}
