use std::borrow::Cow;

use super::expect;
use crate::eval::Call;
use crate::failure::Failure;
use crate::spec::{Evaluated, Example, FunctionSpec, ParamKind, ParamSpec};
use crate::value::{Text, Value};

pub(super) const SPEC: FunctionSpec = FunctionSpec::method("join", "Object & Array Manipulation", "The texts of an array as one text, with a delimiter between them.", body)
.params(&[ParamSpec::new("delimiter", ParamKind::Text).optional()])
.examples(&[Example::new("", r#"root = this.join(", ")"#, &[(r#"["a","b"]"#, r#"a, b"#), (r#"["a",1]"#, r#"Error("failed assignment (line 1): field `this`: failed to join element 1: expected string value, got number (1)")"#)])]);

fn body(call: &Call<'_>, target: Cow<'_, Value>) -> Evaluated {
    let delimiter = call.optional_text(0)?.unwrap_or(Text::fixed(""));
    let mut joined = Vec::new();
    for (index, item) in expect::array(&target)?.iter().enumerate() {
        if index > 0 {
            joined.extend_from_slice(delimiter.as_bytes());
        }
        let Some(text) = item.as_bytes() else {
            let reason = Failure::expected("string", item);
            return Err(Failure::new(format!("failed to join element {index}: {reason}")));
        };
        joined.extend_from_slice(text);
        expect::size(joined.len())?;
    }
    Ok(expect::string(joined))
}
