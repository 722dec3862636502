use crate::eval::Call;
use crate::failure::Failure;
use crate::spec::{Evaluated, Example, FunctionSpec, ParamKind, ParamSpec, Status};
use crate::value::Value;

pub(super) const SPEC: FunctionSpec = FunctionSpec::function(
    "cache_add",
    "Environment",
    "Puts a value into a cache resource; a key that is there already is an error. The result is null.",
    body,
)
.impure()
.status(Status::Experimental)
.params(&[
    ParamSpec::new("resource", ParamKind::Text),
    ParamSpec::new("key", ParamKind::Text),
    ParamSpec::new("value", ParamKind::Text),
])
.examples(&[Example::new(
    "",
    r#"root = cache_add("seen", this.id, "1").catch(error -> error)"#,
    &[(r#"{"id":"a"}"#, r#"key already exists"#)],
)]);

fn body(call: &Call<'_>) -> Evaluated {
    let (cache, key, value) = (call.text(0)?, call.text(1)?, call.text(2)?);
    let done = call.frame.run.outside.cache_add(&cache, &key, value.as_bytes());
    done.map(|()| Value::Null).map_err(Failure::new)
}
