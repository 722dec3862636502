use crate::eval::Call;
use crate::failure::Failure;
use crate::spec::{Evaluated, Example, FunctionSpec, ParamKind, ParamSpec, Status};
use crate::value::Value;

pub(super) const SPEC: FunctionSpec = FunctionSpec::function(
    "cache_get",
    "Environment",
    "What a cache resource holds under a key, as bytes; a key that is not there is an error.",
    body,
)
.impure()
.status(Status::Experimental)
.params(&[ParamSpec::new("resource", ParamKind::Text), ParamSpec::new("key", ParamKind::Text)])
.examples(&[
    Example::new("", r#"root = cache_get("seen", this.id).string()"#, &[(r#"{"id":"a"}"#, r#"1"#)]),
    Example::new(
        "",
        r#"root = cache_get("seen", "b").catch(error -> error)"#,
        &[(r#"{}"#, r#"key does not exist"#)],
    ),
]);

fn body(call: &Call<'_>) -> Evaluated {
    let value = call.frame.run.outside.cache_get(&call.text(0)?, &call.text(1)?);
    value.map(|value| Value::bytes(&value)).map_err(Failure::new)
}
