use std::borrow::Cow;

use super::expect;
use crate::eval::Call;
use crate::failure::Failure;
use crate::spec::{Evaluated, Example, FunctionSpec};
use crate::time::duration;
use crate::value::Value;

pub(super) const SPEC: FunctionSpec = FunctionSpec::method(
    "parse_duration",
    "Timestamp Manipulation",
    "The nanoseconds of a duration such as `300ms`, `-1.5h` or `2h45m`.",
    body,
)
.unnamed()
.fixed()
.examples(&[Example::new(
    "",
    r#"root = this.parse_duration()"#,
    &[(r#""50us""#, r#"50000"#), (r#""2h""#, r#"7200000000000"#)],
)]);

fn body(_: &Call<'_>, target: Cow<'_, Value>) -> Evaluated {
    let text = expect::text(&target)?;
    duration::parse(&text).map(Value::Int).map_err(Failure::new)
}
