use std::borrow::Cow;

use super::expect;
use crate::eval::Call;
use crate::spec::{Evaluated, Example, FunctionSpec, ParamKind, ParamSpec};
use crate::value::Value;

pub(super) const SPEC: FunctionSpec = FunctionSpec::method(
    "trim",
    "String Manipulation",
    "The text without what it begins and ends with: any characters of `cutset`, or white space.",
    body,
)
.params(&[ParamSpec::new("cutset", ParamKind::Text).optional()])
.examples(&[Example::new(
    "",
    r#"root = [this.trim(), this.trim(" !")]"#,
    &[(r#"" hi! ""#, r#"["hi!","hi"]"#)],
)]);

fn body(call: &Call<'_>, target: Cow<'_, Value>) -> Evaluated {
    let cutset = call.optional_text(0)?;
    let text = expect::text(&target)?;
    let trimmed = match &cutset {
        Some(cutset) => text.trim_matches(|character| cutset.contains(character)),
        None => text.trim(),
    };
    Ok(expect::like(&target, text.piece(trimmed)))
}
