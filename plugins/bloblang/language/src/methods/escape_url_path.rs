use std::borrow::Cow;

use super::expect;
use crate::eval::Call;
use crate::spec::{Evaluated, Example, FunctionSpec};
use crate::text::url;
use crate::value::Value;

pub(super) const SPEC: FunctionSpec = FunctionSpec::method(
    "escape_url_path",
    "String Manipulation",
    "The text written so that it can stand in one segment of the path of a URL.",
    body,
)
.examples(&[Example::new("", r#"root = this.escape_url_path()"#, &[(r#""a/b c""#, "a%2Fb%20c")])]);

fn body(_: &Call<'_>, target: Cow<'_, Value>) -> Evaluated {
    let text = expect::content(&target)?;
    expect::size(text.len().saturating_mul(3))?;
    Ok(expect::string(url::escape(&text, url::Place::Path)))
}
