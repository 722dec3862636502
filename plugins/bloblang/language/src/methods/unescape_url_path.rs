use std::borrow::Cow;

use super::expect;
use crate::eval::Call;
use crate::failure::Failure;
use crate::spec::{Evaluated, Example, FunctionSpec};
use crate::text::url;
use crate::value::Value;

pub(super) const SPEC: FunctionSpec = FunctionSpec::method(
    "unescape_url_path",
    "String Manipulation",
    "The text of one segment of the path of a URL with its escapes resolved.",
    body,
)
.examples(&[Example::new("", r#"root = this.unescape_url_path()"#, &[(r#""a%2Fb%20c""#, "a/b c")])]);

fn body(_: &Call<'_>, target: Cow<'_, Value>) -> Evaluated {
    let text = expect::content(&target)?;
    url::unescape(&text, url::Place::Path).map(expect::string).map_err(Failure::new)
}
