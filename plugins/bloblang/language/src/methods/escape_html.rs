use std::borrow::Cow;

use super::expect;
use crate::eval::Call;
use crate::spec::{Evaluated, Example, FunctionSpec};
use crate::text::html;
use crate::value::Value;

pub(super) const SPEC: FunctionSpec = FunctionSpec::method(
    "escape_html",
    "String Manipulation",
    "The text with `<`, `>`, `&` and quotes written as HTML entities.",
    body,
)
.examples(&[Example::new("", r#"root = this.escape_html()"#, &[(r#""foo & bar""#, "foo &amp; bar")])]);

fn body(_: &Call<'_>, target: Cow<'_, Value>) -> Evaluated {
    let text = expect::content(&target)?;
    expect::size(text.len().saturating_mul(5))?;
    Ok(expect::string(html::escape(&text)))
}
