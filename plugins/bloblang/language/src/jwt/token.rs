//! Tokens: a header, claims and a signature, each in base64, with dots between.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use subtle::ConstantTimeEq as _;

use super::algorithm::{Algorithm, is_known};
use super::keys::{SigningKey, VerifyingKey};
use crate::text::base64 as lenient;
use crate::value::{self, Html, Number, Numbers, Object, Text, Value, float_to_i64, write_json};

/// The token that makes claims.
///
/// # Errors
/// The key is not one for the algorithm.
pub(crate) fn sign(claims: &Value, algorithm: Algorithm, key: &SigningKey) -> Result<String, String> {
    let header = format!(r#"{{"alg":"{}","typ":"JWT"}}"#, algorithm.name());
    let mut body = Vec::new();
    write_json(claims, Html::Escaped, &mut body);
    let text = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(body));
    let signature = match key {
        SigningKey::Secret(secret) => algorithm.hash().keyed(secret, text.as_bytes()),
        SigningKey::Rsa(numbers) => numbers.sign(algorithm.hash(), text.as_bytes())?,
        SigningKey::Ecdsa(point) => point.sign(algorithm, text.as_bytes())?,
    };
    Ok(format!("{text}.{}", URL_SAFE_NO_PAD.encode(signature)))
}

/// The claims of a token, if its signature is right and they hold at `now`, in seconds since 1970.
///
/// # Errors
/// What is wrong with it.
pub(crate) fn parse(
    token: &str,
    algorithm: Algorithm,
    key: &VerifyingKey,
    now: i64,
) -> Result<Value, String> {
    let mut parts = token.split('.');
    let (Some(header), Some(body), Some(signature), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err("token is malformed: token contains an invalid number of segments".to_owned());
    };
    let fields = object(header, "header", "map[string]interface {}")?;
    let claims = object(body, "claim", "jwt.MapClaims")?;
    let named = match fields.get("alg") {
        Some(Value::String(name)) if is_known(name) => name,
        Some(Value::String(_)) => {
            return Err("token is unverifiable: signing method (alg) is unavailable".to_owned());
        }
        _ => return Err("token is unverifiable: signing method (alg) is unspecified".to_owned()),
    };
    let signature = segment(signature, "signature")?;
    if named.as_str() != algorithm.name() {
        return Err(format!(
            "token is unverifiable: error while executing keyfunc: incorrect signing method: {named}"
        ));
    }
    let text = token.get(..header.len() + 1 + body.len()).unwrap_or_default().as_bytes();
    verify(text, &signature, algorithm, key)
        .map_err(|error| format!("token signature is invalid: {error}"))?;
    hold(&claims, now).map_err(|error| format!("token has invalid claims: {error}"))?;
    Ok(Value::Object(claims))
}

fn verify(text: &[u8], signature: &[u8], algorithm: Algorithm, key: &VerifyingKey) -> Result<(), String> {
    match key {
        VerifyingKey::Secret(secret) => {
            let right = algorithm.hash().keyed(secret, text).ct_eq(signature);
            if bool::from(right) { Ok(()) } else { Err("signature is invalid".to_owned()) }
        }
        VerifyingKey::Rsa(numbers) => numbers.verify(algorithm.hash(), text, signature),
        VerifyingKey::Ecdsa(point) => point.verify(algorithm, text, signature),
    }
}

fn segment(text: &str, what: &str) -> Result<Vec<u8>, String> {
    lenient::decode(text.as_bytes(), [b'-', b'_'], false)
        .map_err(|error| format!("token is malformed: could not base64 decode {what}: {error}"))
}

/// The object in a part of a token, which is `null` for an empty one.
fn object(text: &str, what: &str, kind: &str) -> Result<Object, String> {
    let bytes = segment(text, what)?;
    let malformed = |error: &str| format!("token is malformed: could not JSON decode {what}: {error}");
    let value =
        value::parse(&Text::lossy(&bytes), Numbers::Float).map_err(|error| malformed(&error.to_string()))?;
    match value {
        Value::Object(object) => Ok(object),
        Value::Null => Ok(Object::new()),
        other => {
            Err(malformed(&format!("json: cannot unmarshal {} into Go value of type {kind}", other.kind())))
        }
    }
}

/// That the claims about time hold.
fn hold(claims: &Object, now: i64) -> Result<(), String> {
    let mut broken = Vec::new();
    match time(claims, "exp") {
        Ok(Some(end)) if now >= end => broken.push("token is expired".to_owned()),
        Ok(_) => {}
        Err(error) => broken.push(error),
    }
    match time(claims, "nbf") {
        Ok(Some(start)) if now < start => broken.push("token is not valid yet".to_owned()),
        Ok(_) => {}
        Err(error) => broken.push(error),
    }
    if broken.is_empty() { Ok(()) } else { Err(broken.join(", ")) }
}

fn time(claims: &Object, name: &str) -> Result<Option<i64>, String> {
    let Some(value) = claims.get(name) else { return Ok(None) };
    let number = value.as_number().map(Number::as_f64);
    let number = number.ok_or_else(|| format!("invalid type for claim: {name} is invalid"))?;
    Ok((number != 0.0).then(|| float_to_i64(number)))
}
