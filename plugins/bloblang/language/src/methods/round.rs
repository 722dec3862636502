use std::borrow::Cow;

use super::expect;
use crate::eval::Call;
use crate::spec::{Evaluated, Example, FunctionSpec};
use crate::value::Value;

pub(super) const SPEC: FunctionSpec = FunctionSpec::method(
    "round",
    "Number Manipulation",
    "The nearest integer; from the middle away from zero.",
    body,
)
.examples(&[Example::new(
    "",
    r#"root = this.round()"#,
    &[(r#"5.3"#, r#"5"#), (r#"5.5"#, r#"6"#), (r#"-5.5"#, r#"-6"#)],
)]);

fn body(_: &Call<'_>, target: Cow<'_, Value>) -> Evaluated {
    expect::number(&target).map(|number| expect::rounded(number, f64::round))
}
