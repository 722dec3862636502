use crate::eval::Call;
use crate::failure::Failure;
use crate::spec::{Evaluated, Example, FunctionSpec, ParamKind, ParamSpec, Status};
use crate::value::Value;

pub(super) const SPEC: FunctionSpec = FunctionSpec::function(
    "cache_set",
    "Environment",
    "Puts a value into a cache resource, over what is there under the key. The result is null.",
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
    r#"root.set = cache_set("seen", "b", "2")
root.got = cache_get("seen", "b").string()"#,
    &[(r#"{}"#, r#"{"got":"2","set":null}"#)],
)]);

fn body(call: &Call<'_>) -> Evaluated {
    let (cache, key, value) = (call.text(0)?, call.text(1)?, call.text(2)?);
    let done = call.frame.run.outside.cache_set(&cache, &key, value.as_bytes());
    done.map(|()| Value::Null).map_err(Failure::new)
}
