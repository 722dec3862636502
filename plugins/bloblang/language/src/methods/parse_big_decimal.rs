use std::borrow::Cow;

use super::expect;
use crate::eval::Call;
use crate::failure::Failure;
use crate::spec::{Evaluated, Example, FunctionSpec, ParamKind, ParamSpec};
use crate::text::decimal;
use crate::value::Value;

pub(super) const SPEC: FunctionSpec = FunctionSpec::method(
    "parse_big_decimal",
    "Parsing",
    "The decimal number that bytes hold, as text: an integer in two's complement, its most significant byte first, of \
     which `scale` digits stand behind the point. Kafka Connect and Debezium write decimals like this.",
    body,
)
.unnamed()
.checked(check)
.params(&[ParamSpec::new("scale", ParamKind::Integer)])
.examples(&[
    Example::new("", r#"root = this.decode("base64").parse_big_decimal(scale: 2)"#, &[(r#""MDk=""#, "123.45")]),
    Example::new("", r#"root = this.decode("base64").parse_big_decimal(2)"#, &[(r#""/w==""#, "-0.01")]),
    Example::new("", r#"root = this.decode("hex").parse_big_decimal(0)"#, &[(r#""8000000000000000""#, "-9223372036854775808")]),
]);

/// As many digits as databases allow.
const MAXIMUM: i64 = 16383;

/// The most bytes of a number: turning them into digits takes time that grows with their square.
const BYTES: usize = 16 * 1024;

fn check(arguments: &[Option<&Value>]) -> Result<(), String> {
    match arguments {
        [Some(Value::Int(scale))] => checked(*scale).map(|_| ()),
        _ => Ok(()),
    }
}

fn checked(scale: i64) -> Result<usize, String> {
    let known = usize::try_from(scale).ok().filter(|_| scale <= MAXIMUM);
    known.ok_or_else(|| format!("scale must be between 0 and {MAXIMUM}, got {scale}"))
}

fn body(call: &Call<'_>, target: Cow<'_, Value>) -> Evaluated {
    let scale = checked(call.integer(0)?).map_err(Failure::new)?;
    let bytes = expect::payload(&target)?;
    if bytes.is_empty() {
        return Err(Failure::new("cannot parse empty bytes as big decimal"));
    }
    if bytes.len() > BYTES {
        return Err(Failure::new(format!("a number of {} bytes is too long", bytes.len())));
    }
    Ok(Value::from(decimal::scaled(&bytes, scale)))
}
