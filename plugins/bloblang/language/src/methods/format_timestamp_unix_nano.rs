use std::borrow::Cow;

use crate::eval::Call;
use crate::spec::{Evaluated, Example, FunctionSpec, Status};
use crate::value::Value;

pub(super) const SPEC: FunctionSpec = FunctionSpec::method(
    "format_timestamp_unix_nano",
    "Deprecated",
    "The time as nanoseconds since the start of 1970. `ts_unix_nano` does the same.",
    body,
)
.unnamed()
.fixed()
.status(Status::Deprecated)
.examples(&[Example::new(
    "",
    r#"root = this.format_timestamp_unix_nano()"#,
    &[(r#""2009-11-10T23:00:00Z""#, r#"1257894000000000000"#)],
)]);

fn body(call: &Call<'_>, target: Cow<'_, Value>) -> Evaluated {
    let at = target.to_timestamp(call.frame.run.local())?;
    Ok(Value::Int(at.unix(1_000_000_000)))
}
