use std::borrow::Cow;

use super::expect;
use crate::eval::Call;
use crate::failure::Failure;
use crate::spec::{Evaluated, Example, FunctionSpec};
use crate::text::logfmt;
use crate::value::{Object, Text, Value};

pub(super) const SPEC: FunctionSpec = FunctionSpec::method(
    "parse_logfmt",
    "Parsing",
    "The pairs of a line of logfmt: `key=value`, with quotes around values that have spaces. All values are text; that \
     of a key that stands alone is empty. A method of Redpanda's Bloblang.",
    body,
)
.unnamed()
.examples(&[Example::new(
    "",
    "root = this.parse_logfmt()",
    &[
        (r#""level=info msg=\"it \\\"works\\\"\" ms=5 dry""#, r#"{"dry":"","level":"info","ms":"5","msg":"it \"works\""}"#),
        (r#""a=\"b""#, r#"Error("failed assignment (line 1): logfmt syntax error at pos 5 on line 1: unterminated quoted value")"#),
    ],
)]);

fn body(_: &Call<'_>, target: Cow<'_, Value>) -> Evaluated {
    let text = expect::text(&target)?;
    let pairs = logfmt::read(&text).map_err(Failure::new)?;
    let entry = |(key, value): (&str, String)| (Text::from(key), Value::from(value));
    Ok(Value::Object(Object::from(pairs.into_iter().map(entry).collect::<Vec<_>>())))
}
