use std::borrow::Cow;

use super::expect;
use crate::eval::Call;
use crate::spec::{Evaluated, Example, FunctionSpec};
use crate::text::html;
use crate::value::Value;

pub(super) const SPEC: FunctionSpec = FunctionSpec::method(
    "unescape_html",
    "String Manipulation",
    "The text with HTML entities turned into the characters they stand for.",
    body,
)
.examples(&[Example::new(
    "",
    r#"root = this.unescape_html()"#,
    &[(r#""foo &amp; &eacute;&#33;""#, "foo & \u{e9}!")],
)]);

fn body(_: &Call<'_>, target: Cow<'_, Value>) -> Evaluated {
    let text = expect::content(&target)?;
    Ok(expect::string(html::unescape(&text)))
}
