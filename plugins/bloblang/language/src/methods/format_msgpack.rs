use std::borrow::Cow;

use crate::eval::Call;
use crate::msgpack;
use crate::spec::{Evaluated, Example, FunctionSpec};
use crate::value::Value;

pub(super) const SPEC: FunctionSpec = FunctionSpec::method(
    "format_msgpack",
    "Parsing",
    "The value as [MessagePack](https://msgpack.org/), in bytes.",
    body,
)
.unnamed()
.examples(&[Example::new(
    "",
    r#"root = this.format_msgpack().encode("hex")"#,
    &[(r#"{"foo":"bar"}"#, "81a3666f6fa3626172"), ("[1,-1,1.5,null]", "9401ffcb3ff8000000000000c0")],
)]);

fn body(_: &Call<'_>, target: Cow<'_, Value>) -> Evaluated {
    let mut out = Vec::new();
    msgpack::write(&target, &mut out);
    Ok(Value::bytes(&out))
}
