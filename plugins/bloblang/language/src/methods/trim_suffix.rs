use std::borrow::Cow;

use super::expect;
use crate::eval::Call;
use crate::spec::{Evaluated, Example, FunctionSpec, ParamKind, ParamSpec};
use crate::value::Value;

pub(super) const SPEC: FunctionSpec = FunctionSpec::method(
    "trim_suffix",
    "String Manipulation",
    "The text without `suffix`, if it ends with that.",
    body,
)
.params(&[ParamSpec::new("suffix", ParamKind::Text)])
.examples(&[Example::new(
    "",
    r#"root = this.map_each(this.trim_suffix("_foo"))"#,
    &[(r#"["x_foo","y"]"#, r#"["x","y"]"#)],
)]);

fn body(call: &Call<'_>, target: Cow<'_, Value>) -> Evaluated {
    let suffix = call.text(0)?;
    let text = expect::bytes(&target)?;
    let rest = text.strip_suffix(suffix.as_bytes()).unwrap_or(text);
    let start = 0;
    Ok(expect::piece(&target, start, start + rest.len()))
}
