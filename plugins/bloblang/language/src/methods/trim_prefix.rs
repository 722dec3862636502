use std::borrow::Cow;

use super::expect;
use crate::eval::Call;
use crate::spec::{Evaluated, Example, FunctionSpec, ParamKind, ParamSpec};
use crate::value::Value;

pub(super) const SPEC: FunctionSpec = FunctionSpec::method(
    "trim_prefix",
    "String Manipulation",
    "The text without `prefix`, if it begins with that.",
    body,
)
.params(&[ParamSpec::new("prefix", ParamKind::Text)])
.examples(&[Example::new(
    "",
    r#"root = this.map_each(this.trim_prefix("foo_"))"#,
    &[(r#"["foo_x","y"]"#, r#"["x","y"]"#)],
)]);

fn body(call: &Call<'_>, target: Cow<'_, Value>) -> Evaluated {
    let prefix = call.text(0)?;
    let text = expect::bytes(&target)?;
    let rest = text.strip_prefix(prefix.as_bytes()).unwrap_or(text);
    let start = text.len() - rest.len();
    Ok(expect::piece(&target, start, start + rest.len()))
}
