use std::borrow::Cow;

use crate::eval::Call;
use crate::spec::{Evaluated, Example, FunctionSpec};
use crate::value::Value;

pub(super) const SPEC: FunctionSpec = FunctionSpec::method(
    "ts_unix",
    "Timestamp Manipulation",
    "The time as seconds since the start of 1970.",
    body,
)
.unnamed()
.fixed()
.examples(&[Example::new("", r#"root = this.ts_unix()"#, &[(r#""2009-11-10T23:00:00Z""#, r#"1257894000"#)])]);

fn body(call: &Call<'_>, target: Cow<'_, Value>) -> Evaluated {
    let at = target.to_timestamp(call.frame.run.local())?;
    Ok(Value::Int(at.seconds))
}
