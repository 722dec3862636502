use std::borrow::Cow;

use super::expect;
use crate::eval::Call;
use crate::spec::{Evaluated, Example, FunctionSpec};
use crate::value::Value;

pub(super) const SPEC: FunctionSpec = FunctionSpec::method(
    "sum",
    "Object & Array Manipulation",
    "The sum of the numbers of an array; a number is its own sum.",
    body,
)
.examples(&[Example::new("", r#"root = this.sum()"#, &[(r#"[3,8,4]"#, r#"15"#)])]);

fn body(_: &Call<'_>, target: Cow<'_, Value>) -> Evaluated {
    if target.as_number().is_some() {
        return Ok(target.into_owned());
    }
    let mut total = 0.0;
    let mut wrong = None;
    for (index, item) in expect::array(&target)?.iter().enumerate() {
        match expect::float(item) {
            Ok(number) => total += number,
            // The last one is told.
            Err(failure) => wrong = Some(failure.within(format_args!("index {index}")).passed()),
        }
    }
    wrong.map_or(Ok(Value::Float(total)), Err)
}
