use std::borrow::Cow;

use super::expect;
use crate::eval::Call;
use crate::failure::Failure;
use crate::msgpack;
use crate::spec::{Evaluated, Example, FunctionSpec};
use crate::value::Value;

pub(super) const SPEC: FunctionSpec = FunctionSpec::method(
    "parse_msgpack",
    "Parsing",
    "The document that is written in bytes as [MessagePack](https://msgpack.org/).",
    body,
)
.unnamed()
.examples(&[
    Example::new(
        "",
        r#"root = this.decode("hex").parse_msgpack()"#,
        &[(r#""81a3666f6fa3626172""#, r#"{"foo":"bar"}"#)],
    ),
    Example::new(
        "",
        r#"root = this.decode("hex").parse_msgpack()"#,
        &[(r#""81a366""#, r#"Error("failed assignment (line 1): unexpected EOF")"#)],
    ),
]);

fn body(call: &Call<'_>, target: Cow<'_, Value>) -> Evaluated {
    msgpack::read(&expect::payload(&target)?, call.frame.run.local()).map_err(Failure::new)
}
