use std::borrow::Cow;

use forebay_compression::Algorithm;

use super::expect;
use crate::eval::Call;
use crate::failure::Failure;
use crate::limits::TEXT_BYTES;
use crate::spec::{Evaluated, Example, FunctionSpec, ParamKind, ParamSpec};
use crate::value::Value;

pub(super) const SPEC: FunctionSpec = FunctionSpec::method(
    "decompress",
    "Encoding and Encryption",
    "What was compressed by gzip, pgzip, zlib, bzip2, flate, snappy, lz4 or zstd, in bytes.",
    body,
)
.unnamed()
.checked(check)
.params(&[ParamSpec::new("algorithm", ParamKind::Text)])
.examples(&[
    Example::new(
        "",
        r#"root.result = this.compressed.decode("base64").decompress("lz4").string()"#,
        &[(
            r#"{"compressed":"BCJNGGRwuRgAAIBoZWxsbyB3b3JsZCBJIGxvdmUgc3BhY2UAAAAAGoETLg=="}"#,
            r#"{"result":"hello world I love space"}"#,
        )],
    ),
    Example::new(
        "",
        r#"root = content().decompress("gzip")"#,
        &[("no gzip at all", r#"Error("failed assignment (line 1): gzip: invalid header")"#)],
    ),
]);

fn check(arguments: &[Option<&Value>]) -> Result<(), String> {
    match arguments {
        [Some(name)] => Algorithm::to_decompress(&name.to_text()).map(|_| ()),
        _ => Ok(()),
    }
}

fn body(call: &Call<'_>, target: Cow<'_, Value>) -> Evaluated {
    let algorithm = Algorithm::to_decompress(&call.text(0)?).map_err(Failure::new)?;
    let content = algorithm.decompress(&expect::payload(&target)?, TEXT_BYTES);
    content.map(|bytes| Value::bytes(&bytes)).map_err(Failure::new)
}
