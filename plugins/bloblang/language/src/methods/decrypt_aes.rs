use std::borrow::Cow;

use super::expect;
use crate::cipher::Cipher;
use crate::eval::Call;
use crate::failure::Failure;
use crate::spec::{Evaluated, Example, FunctionSpec, ParamKind, ParamSpec};
use crate::value::Value;

pub(super) const SPEC: FunctionSpec = FunctionSpec::method(
    "decrypt_aes",
    "Encoding and Encryption",
    "Text or bytes that were encrypted with AES, as bytes: by the scheme ctr, gcm, cbc or ofb, with the same key and initialisation vector.",
    body,
)
.checked(check)
.params(&[
    ParamSpec::new("scheme", ParamKind::Text),
    ParamSpec::new("key", ParamKind::Text),
    ParamSpec::new("iv", ParamKind::Text),
])
.examples(&[Example::new("", r#"root = this.decode("hex").decrypt_aes("ctr", "2b7e151628aed2a6abf7158809cf4f3c".decode("hex"), "f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff".decode("hex"))"#, &[(r#""84e9b31ff7400bdf80be7254""#, "hello world!")])]);

fn check(arguments: &[Option<&Value>]) -> Result<(), String> {
    match arguments {
        [Some(scheme), Some(key), Some(vector)] => cipher(scheme, key, vector).map(|_| ()),
        _ => Ok(()),
    }
}

fn cipher(scheme: &Value, key: &Value, vector: &Value) -> Result<Cipher, String> {
    let bytes = |value: &Value| value.as_bytes().unwrap_or_default().to_vec();
    Cipher::new(&scheme.to_text(), "decryption", &bytes(key), &bytes(vector))
}

fn body(call: &Call<'_>, target: Cow<'_, Value>) -> Evaluated {
    let arguments = [call.bytes(0)?, call.bytes(1)?, call.bytes(2)?];
    let [scheme, key, vector] = &arguments;
    let cipher = cipher(scheme, key, vector).map_err(Failure::plain)?;
    let made = cipher.decrypt(expect::bytes(&target)?).map_err(Failure::new)?;
    Ok(Value::bytes(&made))
}
