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
    if let Value::Bytes(bytes) = target.as_ref() {
        return Ok(trim_bytes(bytes, cutset.as_deref()));
    }
    let text = expect::text(&target)?;
    let trimmed = match &cutset {
        Some(cutset) => text.trim_matches(|character| cutset.contains(character)),
        None => text.trim(),
    };
    Ok(Value::String(text.piece(trimmed)))
}

/// What is not text is never white space, and no character of a cutset.
fn trim_bytes(bytes: &[u8], cutset: Option<&str>) -> Value {
    let cut = |character: char| match cutset {
        Some(cutset) => cutset.contains(character),
        None => character.is_whitespace(),
    };
    let mut rest = bytes;
    while let Some(chunk) = rest.utf8_chunks().next()
        && let Some(first) = chunk.valid().chars().next().filter(|first| cut(*first))
    {
        rest = rest.get(first.len_utf8()..).unwrap_or_default();
    }
    // A character at the end is found among the last four bytes.
    while let Some(length) = (1..=rest.len().min(4)).find(|length| {
        let end = rest.get(rest.len() - length..).unwrap_or_default();
        std::str::from_utf8(end).is_ok_and(|text| text.chars().all(&cut) && !text.is_empty())
    }) {
        rest = rest.get(..rest.len() - length).unwrap_or_default();
    }
    Value::bytes(rest)
}
