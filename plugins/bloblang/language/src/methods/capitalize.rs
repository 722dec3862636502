use std::borrow::Cow;

use super::expect;
use crate::eval::Call;
use crate::spec::{Evaluated, Example, FunctionSpec};
use crate::text::letters;
use crate::value::Value;

pub(super) const SPEC: FunctionSpec = FunctionSpec::method(
    "capitalize",
    "String Manipulation",
    "The text with the first letter of every word in upper case.",
    body,
)
.examples(&[Example::new(
    "",
    r#"root.a = this.a.capitalize()"#,
    &[(r#"{"a":"the foo bar"}"#, r#"{"a":"The Foo Bar"}"#)],
)]);

fn body(_: &Call<'_>, target: Cow<'_, Value>) -> Evaluated {
    Ok(match target.as_ref() {
        Value::Bytes(bytes) => Value::bytes(&letters::title_bytes(bytes)),
        other => {
            let text = expect::text(other)?;
            Value::from(letters::title(&text))
        }
    })
}
