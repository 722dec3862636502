use crate::eval::Call;
use crate::failure::Failure;
use crate::spec::{Evaluated, Example, FunctionSpec, ParamKind, ParamSpec, Status};
use crate::value::Value;

pub(super) const SPEC: FunctionSpec = FunctionSpec::function(
    "cache_delete",
    "Environment",
    "Takes a key out of a cache resource, whether it is there or not. The result is null.",
    body,
)
.impure()
.status(Status::Experimental)
.params(&[ParamSpec::new("resource", ParamKind::Text), ParamSpec::new("key", ParamKind::Text)])
.examples(&[Example::new(
    "",
    r#"let gone = cache_delete("seen", "a")
root = cache_get("seen", "a").catch("gone")"#,
    &[(r#"{}"#, r#"gone"#)],
)]);

fn body(call: &Call<'_>) -> Evaluated {
    let done = call.frame.run.outside.cache_delete(&call.text(0)?, &call.text(1)?);
    done.map(|()| Value::Null).map_err(Failure::new)
}
