use std::borrow::Cow;

use super::expect;
use crate::eval::Call;
use crate::failure::Failure;
use crate::spec::{Evaluated, Example, FunctionSpec};
use crate::text::quoting;
use crate::value::Value;

pub(super) const SPEC: FunctionSpec =
    FunctionSpec::method("unquote", "String Manipulation", "The text that a quoted text stands for.", body)
        .examples(&[Example::new(
            "",
            r#"root = this.unquote()"#,
            &[
                (r#""\"foo\\nbar\"""#, "foo\nbar"),
                (r#""foo""#, r#"Error("failed assignment (line 1): field `this`: invalid syntax")"#),
            ],
        )]);

fn body(_: &Call<'_>, target: Cow<'_, Value>) -> Evaluated {
    let text = expect::content(&target)?;
    quoting::unquote(&text).map(expect::string).ok_or_else(|| Failure::new("invalid syntax"))
}
