use std::borrow::Cow;

use super::expect;
use crate::eval::Call;
use crate::spec::{Evaluated, Example, FunctionSpec};
use crate::value::Value;

pub(super) const SPEC: FunctionSpec = FunctionSpec::method(
    "reverse",
    "String Manipulation",
    "The text backwards, character by character, or bytes backwards.",
    body,
)
.examples(&[Example::new("", r#"root = this.reverse()"#, &[(r#""abc""#, r#"cba"#)])]);

fn body(_: &Call<'_>, target: Cow<'_, Value>) -> Evaluated {
    match target.as_ref() {
        Value::Bytes(bytes) => {
            let mut reversed = bytes.to_vec();
            reversed.reverse();
            Ok(Value::bytes(&reversed))
        }
        other => Ok(Value::from(expect::text(other)?.chars().rev().collect::<String>())),
    }
}
