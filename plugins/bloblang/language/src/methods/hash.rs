use std::borrow::Cow;

use super::expect;
use crate::eval::Call;
use crate::failure::Failure;
use crate::hashing::{Algorithm, Polynomial};
use crate::spec::{Evaluated, Example, FunctionSpec, ParamDefault, ParamKind, ParamSpec};
use crate::value::Value;

pub(super) const SPEC: FunctionSpec = FunctionSpec::method(
    "hash",
    "Encoding and Encryption",
    "The hash of text or bytes, as bytes: hmac_sha1, hmac_sha256, hmac_sha512 (these with a `key`), md5, sha1, \
     sha256, sha512, xxhash64, crc32 or fnv32. For crc32 the `polynomial` is IEEE, Castagnoli or Koopman.",
    body,
)
.checked(check)
.params(&[
    ParamSpec::new("algorithm", ParamKind::Text),
    ParamSpec::new("key", ParamKind::Text).or(ParamDefault::Text("")),
    ParamSpec::new("polynomial", ParamKind::Text).or(ParamDefault::Text("IEEE")),
])
.examples(&[
    Example::new(
        "",
        r#"root = this.hash("sha1").encode("hex")"#,
        &[(r#""hello world""#, "2aae6c35c94fcfb415dbe95f408b9ce91ee846ed")],
    ),
    Example::new(
        "",
        r#"root = this.hash("hmac_sha1", "static-key").encode("hex")"#,
        &[(r#""hello world""#, "d87e5f068fa08fe90bb95bc7c8344cb809179d76")],
    ),
    Example::new(
        "",
        r#"root = this.hash(algorithm: "crc32", polynomial: "Koopman").encode("hex")"#,
        &[(r#""hello world""#, "df373d3c")],
    ),
    Example::new("", r#"root = this.hash("xxhash64")"#, &[(r#""hello world""#, "5020219685658847592")]),
]);

fn check(arguments: &[Option<&Value>]) -> Result<(), String> {
    let Some(Some(algorithm)) = arguments.first() else { return Ok(()) };
    // A key that is not known yet may be there when it is needed.
    let key = match arguments.get(1) {
        Some(Some(key)) => key.as_bytes().unwrap_or_default(),
        _ => b"later",
    };
    Algorithm::find(&algorithm.to_text(), key).map(|_| ())
}

fn body(call: &Call<'_>, target: Cow<'_, Value>) -> Evaluated {
    let key = call.bytes(1)?;
    let key = key.as_bytes().unwrap_or_default();
    let algorithm = Algorithm::find(&call.text(0)?, key).map_err(Failure::plain)?;
    let polynomial = call.text(2)?;
    let bytes = expect::bytes(&target)?;
    let polynomial = match algorithm {
        Algorithm::Crc32 => Polynomial::find(&polynomial).map_err(Failure::new)?,
        _ => Polynomial::Ieee,
    };
    Ok(Value::bytes(&algorithm.hash(bytes, key, polynomial)))
}
