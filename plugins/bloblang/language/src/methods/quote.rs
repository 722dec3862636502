use std::borrow::Cow;

use super::expect;
use crate::eval::Call;
use crate::spec::{Evaluated, Example, FunctionSpec};
use crate::text::quoting;
use crate::value::Value;

pub(super) const SPEC: FunctionSpec = FunctionSpec::method(
    "quote",
    "String Manipulation",
    "The text in double quotes, with what needs it escaped.",
    body,
)
.examples(&[Example::new("", r#"root = this.quote()"#, &[(r#""foo\nbar""#, r#""foo\nbar""#)])]);

fn body(_: &Call<'_>, target: Cow<'_, Value>) -> Evaluated {
    let text = expect::content(&target)?;
    expect::size(text.len().saturating_mul(10))?;
    Ok(expect::string(quoting::quote(&text)))
}
