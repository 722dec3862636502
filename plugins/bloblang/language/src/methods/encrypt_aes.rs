use std::borrow::Cow;

use super::expect;
use crate::cipher::Cipher;
use crate::eval::Call;
use crate::failure::Failure;
use crate::spec::{Evaluated, Example, FunctionSpec, ParamKind, ParamSpec};
use crate::value::Value;

pub(super) const SPEC: FunctionSpec = FunctionSpec::method(
    "encrypt_aes",
    "Encoding and Encryption",
    "Text or bytes encrypted with AES, by the scheme ctr, gcm, cbc or ofb, a key of 16, 24 or 32 bytes and an initialisation vector.",
    body,
)
.checked(check)
.params(&[
    ParamSpec::new("scheme", ParamKind::Text),
    ParamSpec::new("key", ParamKind::Text),
    ParamSpec::new("iv", ParamKind::Text),
])
.examples(&[Example::new("", r#"root = this.encrypt_aes("ctr", "2b7e151628aed2a6abf7158809cf4f3c".decode("hex"), "f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff".decode("hex")).encode("hex")"#, &[(r#""hello world!""#, "84e9b31ff7400bdf80be7254")])]);

fn check(arguments: &[Option<&Value>]) -> Result<(), String> {
    match arguments {
        [Some(scheme), Some(key), Some(vector)] => cipher(scheme, key, vector).map(|_| ()),
        _ => Ok(()),
    }
}

fn cipher(scheme: &Value, key: &Value, vector: &Value) -> Result<Cipher, String> {
    let bytes = |value: &Value| value.as_bytes().unwrap_or_default().to_vec();
    Cipher::new(&scheme.to_text(), "encryption", &bytes(key), &bytes(vector))
}

fn body(call: &Call<'_>, target: Cow<'_, Value>) -> Evaluated {
    let arguments = [call.bytes(0)?, call.bytes(1)?, call.bytes(2)?];
    let [scheme, key, vector] = &arguments;
    let cipher = cipher(scheme, key, vector).map_err(Failure::plain)?;
    let made = cipher.encrypt(expect::bytes(&target)?).map_err(Failure::new)?;
    Ok(expect::string(made))
}
