use std::borrow::Cow;

use super::expect;
use crate::eval::Call;
use crate::failure::Failure;
use crate::spec::{Evaluated, Example, FunctionSpec};
use crate::value::Value;

pub(super) const SPEC: FunctionSpec = FunctionSpec::method(
    "max",
    "Number Manipulation",
    "The greatest number of an array, which must not be empty.",
    body,
)
.examples(&[Example::new("", r#"root = this.max()"#, &[(r#"[3,0,2.5,7,5]"#, r#"7"#)])]);

fn body(_: &Call<'_>, target: Cow<'_, Value>) -> Evaluated {
    let mut found: Option<f64> = None;
    for (index, item) in expect::array(&target)?.iter().enumerate() {
        let number =
            expect::float(item).map_err(|failure| failure.within(format_args!("index {index} of array")))?;
        found = Some(found.map_or(number, |found| if number > found { number } else { found }));
    }
    found.map(Value::Float).ok_or_else(|| Failure::new("the array was empty"))
}
