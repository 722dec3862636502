use std::borrow::Cow;

use super::expect;
use crate::eval::Call;
use crate::spec::{Evaluated, Example, FunctionSpec};
use crate::text::url;
use crate::value::Value;

pub(super) const SPEC: FunctionSpec = FunctionSpec::method(
    "escape_url_query",
    "String Manipulation",
    "The text written so that it can stand in a URL query.",
    body,
)
.examples(&[Example::new("", r#"root = this.escape_url_query()"#, &[(r#""foo & bar""#, "foo+%26+bar")])]);

fn body(_: &Call<'_>, target: Cow<'_, Value>) -> Evaluated {
    let text = expect::content(&target)?;
    expect::size(text.len().saturating_mul(3))?;
    Ok(expect::string(url::escape(&text, url::Place::Query)))
}
