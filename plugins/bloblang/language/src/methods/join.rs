use std::borrow::Cow;

use super::expect;
use crate::eval::Call;
use crate::failure::Failure;
use crate::spec::{Evaluated, Example, FunctionSpec, ParamKind, ParamSpec};
use crate::value::{Text, Value};

pub(super) const SPEC: FunctionSpec = FunctionSpec::method(
    "join",
    "Object & Array Manipulation",
    "The texts of an array as one text, with a delimiter between them if one is given.",
    body,
)
.params(&[ParamSpec::new("delimiter", ParamKind::Text).optional()])
.examples(&[
    Example::new("", r#"root = this.join(", ")"#, &[(r#"["a","b"]"#, r#"a, b"#)]),
    Example::new("", r#"root = this.join()"#, &[(r#"["a","b"]"#, r#"ab"#)]),
]);

fn body(call: &Call<'_>, target: Cow<'_, Value>) -> Evaluated {
    let delimiter = call.optional_text(0)?;
    let delimiter = delimiter.as_deref().unwrap_or_default();
    let mut joined = Vec::new();
    for (index, item) in expect::array(&target)?.iter().enumerate() {
        if index > 0 {
            joined.extend_from_slice(delimiter.as_bytes());
        }
        let Some(bytes) = item.as_bytes() else {
            return Err(
                Failure::expected("string", item).within(format_args!("failed to join element {index}"))
            );
        };
        joined.extend_from_slice(bytes);
        expect::size(joined.len())?;
    }
    Ok(Value::String(Text::lossy(&joined)))
}
