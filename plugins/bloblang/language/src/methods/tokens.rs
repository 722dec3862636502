//! What the methods for tokens have in common.

use super::expect;
use crate::eval::Call;
use crate::failure::Failure;
use crate::jwt::{self, Algorithm, SigningKey, VerifyingKey};
use crate::spec::{Evaluated, ParamKind, ParamSpec};
use crate::value::{Text, Value};

pub(super) const PARAMS: &[ParamSpec] = &[ParamSpec::new("signing_secret", ParamKind::Text)];

fn signing_key(algorithm: Algorithm, text: &str) -> Result<SigningKey, String> {
    SigningKey::read(text, algorithm).map_err(|error| format!("failed to decode signing_secret: {error}"))
}

pub(super) fn check_signing(algorithm: Algorithm, arguments: &[Option<&Value>]) -> Result<(), String> {
    match arguments {
        [Some(secret)] => signing_key(algorithm, &secret.to_text()).map(|_| ()),
        _ => Ok(()),
    }
}

pub(super) fn check_verifying(algorithm: Algorithm, arguments: &[Option<&Value>]) -> Result<(), String> {
    match arguments {
        [Some(secret)] => VerifyingKey::read(&secret.to_text(), algorithm).map(|_| ()),
        _ => Ok(()),
    }
}

pub(super) fn sign(algorithm: Algorithm, call: &Call<'_>, target: &Value) -> Evaluated {
    let key = call.kept(&call.text(0)?, |text: &Text| signing_key(algorithm, text))?;
    expect::object(target)?;
    let signed = jwt::sign(target, algorithm, &key);
    signed.map(Value::from).map_err(|error| Failure::new(format!("failed to sign token: {error}")))
}

pub(super) fn parse(algorithm: Algorithm, call: &Call<'_>, target: &Value) -> Evaluated {
    let key = call.kept(&call.text(0)?, |text: &Text| VerifyingKey::read(text, algorithm))?;
    let token = expect::content(target)?;
    let (now, _) = call.frame.run.outside.now();
    jwt::parse(&String::from_utf8_lossy(&token), algorithm, &key, now)
        .map_err(|error| Failure::new(format!("failed to parse JWT string: {error}")))
}
