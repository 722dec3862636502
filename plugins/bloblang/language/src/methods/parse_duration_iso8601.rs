use std::borrow::Cow;

use super::expect;
use crate::eval::Call;
use crate::failure::Failure;
use crate::spec::{Evaluated, Example, FunctionSpec};
use crate::time::period;
use crate::value::Value;

pub(super) const SPEC: FunctionSpec = FunctionSpec::method(
    "parse_duration_iso8601",
    "Timestamp Manipulation",
    "The nanoseconds of a period of ISO 8601 such as `P3Y6M4DT12H30M5S`. Years and months are taken at their average length.",
    body,
)
.unnamed()
.fixed()
.examples(&[Example::new("", r#"root = this.parse_duration_iso8601()"#, &[(r#""P3Y6M4DT12H30M5S""#, r#"110839937000000000"#), (r#""PT2.5S""#, r#"2500000000"#)]),]);

fn body(_: &Call<'_>, target: Cow<'_, Value>) -> Evaluated {
    let text = expect::text(&target)?;
    period::parse(&text).map(|period| Value::Int(period.nanoseconds())).map_err(Failure::new)
}
