use std::borrow::Cow;

use super::expect;
use crate::eval::Call;
use crate::failure::Failure;
use crate::spec::{Evaluated, Example, FunctionSpec};
use crate::text::url;
use crate::value::Value;

pub(super) const SPEC: FunctionSpec = FunctionSpec::method(
    "unescape_url_query",
    "String Manipulation",
    "The text of a URL query with its escapes resolved.",
    body,
)
.examples(&[Example::new("", r#"root = this.unescape_url_query()"#, &[(r#""foo+%26+bar""#, "foo & bar")])]);

fn body(_: &Call<'_>, target: Cow<'_, Value>) -> Evaluated {
    let text = expect::content(&target)?;
    url::unescape(&text, url::Place::Query).map(expect::string).map_err(Failure::new)
}
