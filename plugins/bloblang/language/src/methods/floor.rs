use std::borrow::Cow;

use super::expect;
use crate::eval::Call;
use crate::spec::{Evaluated, Example, FunctionSpec};
use crate::value::Value;

pub(super) const SPEC: FunctionSpec = FunctionSpec::method(
    "floor",
    "Number Manipulation",
    "The next integer that is not above the number.",
    body,
)
.examples(&[Example::new("", r#"root = this.floor()"#, &[(r#"5.7"#, r#"5"#), (r#"-5.1"#, r#"-6"#)])]);

fn body(_: &Call<'_>, target: Cow<'_, Value>) -> Evaluated {
    expect::number(&target).map(|number| expect::rounded(number, f64::floor))
}
