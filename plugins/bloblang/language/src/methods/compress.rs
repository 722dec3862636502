use std::borrow::Cow;

use forebay_compression::Algorithm;

use super::expect;
use crate::eval::Call;
use crate::failure::Failure;
use crate::spec::{Evaluated, Example, FunctionSpec, ParamDefault, ParamKind, ParamSpec};
use crate::value::Value;

pub(super) const SPEC: FunctionSpec = FunctionSpec::method(
    "compress",
    "Encoding and Encryption",
    "Text or bytes compressed by flate, gzip, pgzip, lz4, snappy, zlib or zstd. Those that have levels take one from 0 to \
     9, or -1 for the usual one.",
    body,
)
.unnamed()
.checked(check)
.params(&[
    ParamSpec::new("algorithm", ParamKind::Text),
    ParamSpec::new("level", ParamKind::Integer).or(ParamDefault::Integer(-1)),
])
.examples(&[
    Example::new(
        "",
        "let long = range(0, 1000).map_each(content()).join(\" \")\nroot.a_len = $long.length()\nroot.b_len = $long.compress(\"gzip\").length()",
        &[("hello world this is some content", r#"{"a_len":32999,"b_len":161}"#)],
    ),
    Example::new(
        "",
        r#"root.compressed = content().compress("lz4").encode("base64")"#,
        &[(
            "hello world I love space",
            r#"{"compressed":"BCJNGGRwuRgAAIBoZWxsbyB3b3JsZCBJIGxvdmUgc3BhY2UAAAAAGoETLg=="}"#,
        )],
    ),
]);

fn check(arguments: &[Option<&Value>]) -> Result<(), String> {
    match arguments {
        [Some(name), ..] => Algorithm::to_compress(&name.to_text()).map(|_| ()),
        _ => Ok(()),
    }
}

fn body(call: &Call<'_>, target: Cow<'_, Value>) -> Evaluated {
    let algorithm = Algorithm::to_compress(&call.text(0)?).map_err(Failure::new)?;
    let compressed = algorithm.compress(&expect::payload(&target)?, call.integer(1)?);
    compressed.map(|bytes| Value::bytes(&bytes)).map_err(Failure::new)
}
