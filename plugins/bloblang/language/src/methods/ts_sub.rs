use std::borrow::Cow;

use crate::eval::Call;
use crate::spec::{Evaluated, Example, FunctionSpec, ParamKind, ParamSpec};
use crate::time::round;
use crate::value::Value;

pub(super) const SPEC: FunctionSpec = FunctionSpec::method(
    "ts_sub",
    "Timestamp Manipulation",
    "The nanoseconds from a second time to this one; negative when the second is later.",
    body,
)
.unnamed()
.fixed()
.params(&[ParamSpec::new("t2", ParamKind::Timestamp)])
.examples(&[Example::new(
    "",
    r#"root = this.ts_sub("2020-08-14T05:54:23Z").abs()"#,
    &[(r#""2020-08-13T05:54:23Z""#, r#"86400000000000"#)],
)]);

fn body(call: &Call<'_>, target: Cow<'_, Value>) -> Evaluated {
    let at = target.to_timestamp(call.frame.run.local())?;
    Ok(Value::Int(round::between(&call.timestamp(0)?, &at)))
}
