use std::borrow::Cow;

use super::expect;
use crate::eval::Call;
use crate::spec::{Evaluated, Example, FunctionSpec};
use crate::value::Value;

pub(super) const SPEC: FunctionSpec = FunctionSpec::method(
    "ceil",
    "Number Manipulation",
    "The next integer that is not below the number.",
    body,
)
.examples(&[Example::new("", r#"root = this.ceil()"#, &[(r#"5.3"#, r#"6"#), (r#"-5.9"#, r#"-5"#)])]);

fn body(_: &Call<'_>, target: Cow<'_, Value>) -> Evaluated {
    expect::number(&target).map(|number| expect::rounded(number, f64::ceil))
}
